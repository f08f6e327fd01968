#pragma once
// What IAM calls each operation, and which resource it is about. Constant data; any thread.
// Source: AWS's Service Authorization Reference, "Actions, resources, and condition keys for AWS
// Lambda", "… for AWS Identity and Access Management", "… for AWS Security Token Service".

#include <string>
#include <string_view>

#include "wire/api_model.h"

namespace meridian::api {

// Where an operation's resource is named.
enum class ResourceKind {
    kUnchecked,        // everybody may, or the action itself decides
    kEverything,       // "*"
    kFunction,         // FunctionName and Qualifier
    kBareFunction,     // FunctionName alone: its qualifier, if any, is the operation's own matter
    kMapping,          // UUID
    kLayer,            // LayerName
    kLayerVersion,     // LayerName and VersionNumber
    kLayerVersionArn,  // Arn
    kSigningConfig,    // CodeSigningConfigArn
    kTagged,           // Resource: the ARN itself
    kUser,             // UserName; without it the caller
    kAccessKey,        // AccessKeyId's user
    kGroup,            // GroupName
    kRole,             // RoleName
    kPolicy,           // PolicyArn
    kNewPolicy,        // Path and PolicyName
    kInstanceProfile,  // InstanceProfileName
    kAllUsers,
    kAllGroups,
    kAllRoles,
    kAllPolicies,
    kAllInstanceProfiles,
};

struct AccessRule {
    wire::OperationId operation;
    ResourceKind resource;
    std::string_view action = {};  // where it is not the operation's name
};

// Null for an operation that has none: it is refused to all but root.
[[nodiscard]] AccessRule const* find_access_rule(wire::OperationId operation) noexcept;

// "lambda:InvokeFunction".
[[nodiscard]] std::string action_name(wire::Operation const& operation, AccessRule const& rule);

}  // namespace meridian::api
