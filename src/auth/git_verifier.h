#pragma once
// Who sent a git request: HTTP Basic, in two forms.
//
//   AKID[%TOKEN] : the secret access key itself
//   AKID[%TOKEN] : "20260101T000000Z" and a signature of the repository's path, as
//                  `aws codecommit credential-helper` and git-remote-codecommit make it
//
// Source of the second: AWS CLI, awscli/customizations/codecommit.py: SigV4 of service "codecommit"
// over the method "GIT", the path of the remote's URL, and the host without its port; the time in
// the string to sign has no Z.
//
// Threads: any; it keeps nothing but its parts.

#include <optional>
#include <string>
#include <string_view>

#include "auth/sigv4_verifier.h"

namespace meridian::auth {

// Such a signature is good for so long (AWS: its tools make a new one every 15 minutes).
inline constexpr auto kGitSignatureLifetime = std::chrono::minutes(15);

struct BasicCredentials {
    std::string access_key_id;
    std::string session_token;  // empty: none
    std::string password;

    bool operator==(BasicCredentials const&) const = default;
};
// Nothing for what is not Basic, or has no user name.
[[nodiscard]] std::optional<BasicCredentials> parse_basic_authorization(std::string_view header);

struct GitSignature {
    std::string_view time;   // "20260101T000000", as it was signed
    std::string_view value;  // 64 hexadecimal digits
    WallTime signed_at{};
};
// Nothing for a password that is none.
[[nodiscard]] std::optional<GitSignature> parse_git_signature(std::string_view password);

// What such a signature is over.
struct GitTarget {
    std::string_view host;  // as the Host header has it
    std::string_view path;  // of the remote's URL: "/git/us-east-1/demo"
    std::string_view region;
};
[[nodiscard]] std::string sign_git_target(std::string_view secret_access_key,
                                          GitTarget const& target, std::string_view time);

class GitVerifier {
  public:
    GitVerifier(Clock const& clock, CredentialSource const& credentials)
        : clock_(clock), credentials_(credentials) {}

    // Errors: kMissingAuthentication (nothing, or not Basic), kUnrecognizedClient,
    // kInvalidSignature (also a wrong secret), kExpiredToken.
    [[nodiscard]] Result<Caller> verify(HttpRequest const& request, GitTarget const& target) const;

  private:
    Clock const& clock_;
    CredentialSource const& credentials_;
};

}  // namespace meridian::auth
