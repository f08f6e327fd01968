#pragma once
// AWS::CodeDeploy in a CloudFormation template: applications, deployment groups and configurations
// are read for what they say of an alias's UpdatePolicy, and make nothing of their own.
//
// Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include <string>
#include <string_view>

#include "deploy/template_draft.h"

namespace meridian::deploy {

[[nodiscard]] bool is_code_deploy(std::string_view type) noexcept;
// Remembers one of them for link_code_deploy.
[[nodiscard]] Result<void> add_code_deploy(Draft& draft, std::string const& id, Node const& type,
                                           Node properties);
// Makes traffic shifts of the UpdatePolicies that were drafted, and gives every shift its type by
// name: "Canary10Percent5Minutes" of "CodeDeployDefault.LambdaCanary10Percent5Minutes" or of a
// configuration of the template.
[[nodiscard]] Result<void> link_code_deploy(Draft& draft);

}  // namespace meridian::deploy
