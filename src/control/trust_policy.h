#pragma once
// A role's trust policy: whether its text is a policy at all, and whether it lets a service assume
// the role. Pure functions; any thread. Source: IAM User Guide, "IAM JSON policy elements
// reference".

#include <string>
#include <string_view>

#include "base/result.h"

namespace meridian::control {

// Characters, white space not counted (IAM quotas, "Role trust policy JSON text").
inline constexpr std::size_t kTrustPolicyCharsMax = 2'048;
// Deeper nesting than any policy has; what reads the text recurses.
inline constexpr std::size_t kPolicyDepthMax = 16;

// kMalformedPolicyDocument with IAM's text unless `document` is a trust policy.
[[nodiscard]] Result<void> check_trust_policy(std::string_view document);

// What is known about a request to assume a role, for the conditions.
struct AssumeRoleRequest {
    std::string_view service;         // "lambda.amazonaws.com"
    std::string_view source_account;  // aws:SourceAccount
    std::string_view source_arn;      // aws:SourceArn
};

// Whether the policy allows sts:AssumeRole. An explicit deny wins; a condition on anything but the
// two keys above does not hold, as a key that a request lacks does not. False for what is no
// policy.
[[nodiscard]] bool may_assume_role(std::string_view document, AssumeRoleRequest const& request);

}  // namespace meridian::control
