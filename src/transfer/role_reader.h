#pragma once
// Roles and the customer-managed policies that are attached to them, as IAM tells them.
//
// Threads: the caller's executor. Errors: those of AwsApi; what IAM would not tell becomes an
// entry of the inventory's `untold`.

#include <string>

#include "deploy/aws_api.h"
#include "transfer/inventory.h"

namespace meridian::transfer {

// Adds the role, and its policies, to the inventory; which outlives the task. A role that is not
// there is untold.
io::Task<> read_role(deploy::AwsApi& api, std::string arn, Inventory& inventory);
// The same for one customer-managed policy.
io::Task<> read_policy(deploy::AwsApi& api, std::string arn, Inventory& inventory);

// Whether AWS made the policy: it is attached by its name and never copied.
[[nodiscard]] bool is_aws_managed(std::string const& policy_arn);

}  // namespace meridian::transfer
