#pragma once
// A role's trust policy: whether its text is a policy at all, and whether it lets a service assume
// the role. Pure functions; any thread. Source: IAM User Guide, "IAM JSON policy elements
// reference".

#include <string>
#include <string_view>

#include "base/result.h"

namespace meridian::control {

// kMalformedPolicyDocument with IAM's text unless `document` is a trust policy.
[[nodiscard]] Result<void> check_trust_policy(std::string_view document);

// What is known about a request to assume a role, for the conditions.
struct AssumeRoleRequest {
    std::string_view service;         // "lambda.amazonaws.com"
    std::string_view source_account;  // aws:SourceAccount
    std::string_view source_arn;      // aws:SourceArn
};

// Whether the policy allows sts:AssumeRole. False for what is no policy.
[[nodiscard]] bool may_assume_role(std::string_view document, AssumeRoleRequest const& request);

}  // namespace meridian::control
