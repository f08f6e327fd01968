#pragma once
// Who sent a request: SigV4 in its header and presigned forms, verified against known keys. Owned
// by the API front; one thread (its cache of signing keys is not locked). Source: behaviour of the
// service, AWS General Reference "Signature Version 4".

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/http_message.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "model/names.h"

namespace meridian::policy {
class Document;
}

namespace meridian::auth {

// Who a key stands for, beyond its ARN: which policies apply.
struct Principal {
    enum class Kind { kRoot, kUser, kAssumedRole, kAnonymous };  // in session tokens: append

    Kind kind = Kind::kRoot;
    std::string name = {};      // of the user or the role
    std::string role_arn = {};  // kAssumedRole: "arn:aws:iam::123456789012:role/path/name"
    // The credentials of a function's environment only: whose.
    std::string source_function_arn = {};
    // Temporary credentials only: since when they are valid.
    std::optional<WallTime> issued = std::nullopt;
    // Of those, the ones that a service goes on with for whoever called it (AWS: forward access
    // sessions): they may what their holder may.
    bool forwarded = false;
    // What an assumed role's session was narrowed to; null where it was not.
    std::shared_ptr<policy::Document const> session_policy = nullptr;

    bool operator==(Principal const&) const = default;
};

// A key and whom it stands for.
struct Credential {
    std::string secret_access_key;
    model::AccountId account;
    std::string arn;      // "arn:aws:iam::123456789012:root"
    std::string user_id;  // GetCallerIdentity's UserId
    Principal principal = {};
    // Session credentials only: the token that must come along, and when it ends.
    std::optional<std::string> session_token = std::nullopt;
    std::optional<WallTime> expires = std::nullopt;
};

// The seam to whatever knows keys. A key that was deleted is unknown from then on.
class CredentialSource {
  public:
    virtual ~CredentialSource() = default;
    // Null if there is no such key. `session_token` is what came with it; empty: none. The pointer
    // holds until the next call.
    [[nodiscard]] virtual Credential const* find(model::AccessKeyId const& id,
                                                 std::string_view session_token) const = 0;
};

struct Caller {
    model::AccountId account;
    std::string arn;
    std::string user_id;
    model::AccessKeyId access_key_id;
    model::RegionName region;
    std::string service;  // signing name: "lambda"
    Principal principal = {};

    bool operator==(Caller const&) const = default;
};

// The credential scope a request claims, not verified: for dispatch on the front port. Views into
// the request. Nothing where the request carries no readable one.
struct ClaimedScope {
    std::string_view access_key_id;
    std::string_view date;
    std::string_view region;
    std::string_view service;
};
// Region and service still percent-encoded where they come from a query string; AWS names have
// nothing to encode.
[[nodiscard]] std::optional<ClaimedScope> parse_scope(HttpRequest const& request);

inline constexpr std::size_t kSigningKeysCachedMax =
    1'024;                                             // ours: two days of keys for every region
inline constexpr std::size_t kSignedHeadersMax = 200;  // as many as a request may have fields
inline constexpr auto kPresignedLifetimeMax = std::chrono::seconds{604'800};  // a week, as AWS

// What this endpoint serves; a scope that names something else is refused with AWS's text.
struct ExpectedScope {
    std::string_view region;   // empty: any (global services)
    std::string_view service;  // "lambda"
};

class Verifier {
  public:
    Verifier(Clock const& clock, CredentialSource const& credentials)
        : clock_(clock), credentials_(credentials) {}
    Verifier(Verifier const&) = delete;
    Verifier& operator=(Verifier const&) = delete;

    // Errors, each with AWS's text: kMissingAuthentication, kIncompleteSignature,
    // kUnrecognizedClient, kExpiredToken, kInvalidSignature.
    [[nodiscard]] Result<Caller> verify(HttpRequest const& request, ExpectedScope const& expected);

  private:
    struct CachedKey {
        std::string id;      // access key id / date / region / service
        std::string secret;  // a rotated secret makes the entry useless, not wrong
        crypto::HmacSha256Key key;
    };

    // Null if it is not there, or was made from another secret.
    crypto::HmacSha256Key const* cached_key(std::string const& id, std::string_view secret);
    void remember_key(std::string id, std::string_view secret, crypto::HmacSha256Key const& key);

    Clock const& clock_;
    CredentialSource const& credentials_;
    // Most recently used first.
    std::list<CachedKey> keys_;
    std::unordered_map<std::string_view, std::list<CachedKey>::iterator>
        by_id_;  // views into keys_
};

}  // namespace meridian::auth
