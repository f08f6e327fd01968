#pragma once
// Temporary credentials: what they say of their holder, sealed into the session token itself, so
// that every region of the account reads it and none keeps a list. Immutable; any thread.

#include <string>

#include "auth/sigv4_verifier.h"
#include "base/clock.h"
#include "iam/secret_keys.h"

namespace meridian::iam {

struct SessionClaims {
    auth::Principal::Kind kind = auth::Principal::Kind::kAssumedRole;
    model::AccountId account = {};
    std::string name = {};  // of the user or the role
    std::string id = {};    // theirs: one that is deleted and made again is another
    std::string session_name = {};
    std::string session_policy = {};       // JSON text; empty: none
    std::string source_function_arn = {};  // of a function's environment
    bool forwarded = false;                // auth::Principal
    WallTime issued = {};                  // whole seconds
    WallTime expires = {};
};

struct TemporaryCredentials {
    model::AccessKeyId access_key_id = {};
    std::string secret_access_key = {};
    std::string session_token = {};
    WallTime expires = {};
};

// What a session token opens to.
struct OpenedSession {
    SessionClaims claims = {};
    model::AccessKeyId access_key_id = {};
    std::string secret_access_key = {};
};

[[nodiscard]] TemporaryCredentials make_session(SessionClaims const& claims,
                                                SecretKeys const& secrets, Random& random);
// kUnrecognizedClient unless make_session() made it with this account's keys.
[[nodiscard]] Result<OpenedSession> open_session(std::string_view token, SecretKeys const& secrets);

}  // namespace meridian::iam
