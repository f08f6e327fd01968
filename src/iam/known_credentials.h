#pragma once
// Whom an access key stands for: users' keys from the directory, temporary ones from their session
// token, and root's.
//
// Threads: belongs to its region's executor.

#include <list>
#include <memory>
#include <unordered_map>

#include "auth/sigv4_verifier.h"
#include "iam/directory.h"
#include "iam/sessions.h"

namespace meridian::iam {

// Ours: as many session tokens are kept opened.
inline constexpr std::size_t kOpenedSessionsMax = 1'024;

class KnownCredentials final : public auth::CredentialSource {
  public:
    // All three outlive it. `root` knows the root keys.
    KnownCredentials(auth::CredentialSource const& root, Directory const& directory,
                     SecretKeys const& secrets)
        : root_(root), directory_(directory), secrets_(secrets) {}

    [[nodiscard]] auth::Credential const* find(model::AccessKeyId const& id,
                                               std::string_view session_token) const override;

  private:
    struct Session {
        std::string token;
        OpenedSession opened;
        std::shared_ptr<policy::Document const> policy;
    };

    [[nodiscard]] auth::Credential const* find_users(model::AccessKeyId const& id) const;
    [[nodiscard]] auth::Credential const* find_session(model::AccessKeyId const& id,
                                                       std::string_view token) const;
    // Null for what is no token of this account.
    [[nodiscard]] Session const* open(std::string_view token) const;

    auth::CredentialSource const& root_;
    Directory const& directory_;
    SecretKeys const& secrets_;
    mutable auth::Credential found_;
    // Most recently used first.
    mutable std::list<Session> sessions_;
    mutable std::unordered_map<std::string_view, std::list<Session>::iterator>
        by_token_;  // views into sessions_
};

}  // namespace meridian::iam
