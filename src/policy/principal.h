#pragma once
// Who asks, and which principals a statement names. Immutable; any thread.
// Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::policy {

// Who makes a request. Views: it lives as long as the request does.
struct Principal {
    enum class Kind { kRoot, kUser, kAssumedRole, kService, kAnonymous };

    Kind kind = Kind::kAnonymous;
    std::string_view account = {};   // empty: a service, or nobody known
    std::string_view arn = {};       // "arn:aws:sts::123456789012:assumed-role/name/session"
    std::string_view role_arn = {};  // kAssumedRole: "arn:aws:iam::123456789012:role/path/name"
    std::string_view service = {};   // kService: "s3.amazonaws.com"
};

// How closely a statement names a principal. The closer, the less else can hold it back
// (policy/evaluate.h).
enum class PrincipalMatch {
    kNone,
    kAccount,   // its account, which may hand the permission on by its own policies
    kEveryone,  // "*"
    kIdentity,  // the user, the role or the service
    kSession,   // this session of the role
};

class PrincipalElement {
  public:
    // `value` is the element: "*" or {"AWS": …, "Service": …, "Federated": …, "CanonicalUser": …}.
    // kMalformedPolicyDocument with IAM's text.
    [[nodiscard]] static Result<PrincipalElement> parse(nlohmann::json const& value);

    [[nodiscard]] PrincipalMatch match(Principal const& principal) const;
    // Whether NotPrincipal spares it from a Deny: the element names its account and itself, a role
    // and its session each by itself. AWS says of less that it might deny; so does this (GUESS).
    [[nodiscard]] bool spares_from_deny(Principal const& principal) const;

  private:
    [[nodiscard]] bool names_account(std::string_view account) const;
    [[nodiscard]] bool names_arn(std::string_view arn) const;

    bool everyone_ = false;
    std::vector<std::string> accounts_;
    std::vector<std::string> arns_;
    std::vector<std::string> services_;
};

}  // namespace meridian::policy
