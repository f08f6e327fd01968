#pragma once
// STS: who may have temporary credentials, and making them. Errors carry STS's texts.
//
// Threads: belongs to its region's executor.

#include <optional>

#include "iam/authority.h"
#include "iam/sessions.h"

namespace meridian::iam {

struct AssumeRoleRequest {
    std::string role_arn = {};
    std::string session_name = {};
    std::optional<std::string> policy = {};
    int duration_seconds = 3'600;
    std::optional<std::string> external_id = {};
};

struct AssumedRole {
    std::string id = {};   // "AROA…:session"
    std::string arn = {};  // "arn:aws:sts::123456789012:assumed-role/name/session"
    TemporaryCredentials credentials = {};
    std::optional<int> packed_policy_percent = {};
};

class SecurityTokens {
  public:
    // Everything here outlives it.
    struct Parts {
        Directory const& directory;
        Authority const& authority;
        SecretKeys const& secrets;
        Clock const& clock;
        Random& random;
    };
    explicit SecurityTokens(Parts parts) : parts_(parts) {}

    // `context` describes the request and its caller.
    [[nodiscard]] Result<AssumedRole> assume_role(auth::Caller const& caller,
                                                  AssumeRoleRequest const& request,
                                                  policy::RequestContext& context) const;
    // Nothing in `duration_seconds`: as long as the caller's kind may have them.
    [[nodiscard]] Result<TemporaryCredentials> get_session_token(
        auth::Caller const& caller, std::optional<int> duration_seconds) const;

    // Whether Lambda may assume the role for the function.
    [[nodiscard]] bool lambda_may_assume(model::AccountId const& account, std::string_view role_arn,
                                         std::string_view function_arn) const;
    // What an environment of the function works with. kAccessDenied where Lambda may not assume the
    // role.
    [[nodiscard]] Result<TemporaryCredentials> assume_for_function(
        model::AccountId const& account, std::string_view role_arn, std::string_view function_arn,
        std::string const& function_name) const;

  private:
    // Null unless there is a role of exactly this ARN.
    [[nodiscard]] Known<model::Role> const* find_role(std::string_view role_arn) const;
    [[nodiscard]] TemporaryCredentials make(SessionClaims claims,
                                            std::chrono::seconds lifetime) const;

    Parts const parts_;
};

}  // namespace meridian::iam
