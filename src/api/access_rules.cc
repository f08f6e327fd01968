#include "api/access_rules.h"

#include <unordered_map>

namespace meridian::api {

namespace {

using enum ResourceKind;
using Id = wire::OperationId;

constexpr AccessRule kRules[] = {
    {Id::kLambdaAddLayerVersionPermission, kLayerVersion},
    {Id::kLambdaAddPermission, kFunction},
    {Id::kLambdaCreateAlias, kBareFunction},
    {Id::kLambdaCreateCodeSigningConfig, kEverything},
    {Id::kLambdaCreateEventSourceMapping, kEverything},
    {Id::kLambdaCreateFunction, kBareFunction},
    {Id::kLambdaCreateFunctionUrlConfig, kFunction},
    {Id::kLambdaDeleteAlias, kBareFunction},
    {Id::kLambdaDeleteCodeSigningConfig, kSigningConfig},
    {Id::kLambdaDeleteEventSourceMapping, kMapping},
    {Id::kLambdaDeleteFunction, kFunction},
    {Id::kLambdaDeleteFunctionCodeSigningConfig, kBareFunction},
    {Id::kLambdaDeleteFunctionConcurrency, kBareFunction},
    {Id::kLambdaDeleteFunctionEventInvokeConfig, kFunction},
    {Id::kLambdaDeleteFunctionUrlConfig, kFunction},
    {Id::kLambdaDeleteLayerVersion, kLayerVersion},
    {Id::kLambdaDeleteProvisionedConcurrencyConfig, kFunction},
    {Id::kLambdaGetAccountSettings, kEverything},
    {Id::kLambdaGetAlias, kBareFunction},
    {Id::kLambdaGetCodeSigningConfig, kSigningConfig},
    {Id::kLambdaGetEventSourceMapping, kMapping},
    {Id::kLambdaGetFunction, kFunction},
    {Id::kLambdaGetFunctionCodeSigningConfig, kBareFunction},
    {Id::kLambdaGetFunctionConcurrency, kBareFunction},
    {Id::kLambdaGetFunctionConfiguration, kFunction},
    {Id::kLambdaGetFunctionEventInvokeConfig, kFunction},
    {Id::kLambdaGetFunctionRecursionConfig, kBareFunction},
    {Id::kLambdaGetFunctionScalingConfig, kFunction},
    {Id::kLambdaGetFunctionUrlConfig, kFunction},
    {Id::kLambdaGetLayerVersion, kLayerVersion},
    {Id::kLambdaGetLayerVersionByArn, kLayerVersionArn, "GetLayerVersion"},
    {Id::kLambdaGetLayerVersionPolicy, kLayerVersion},
    {Id::kLambdaGetPolicy, kFunction},
    {Id::kLambdaGetProvisionedConcurrencyConfig, kFunction},
    {Id::kLambdaGetRuntimeManagementConfig, kFunction},
    {Id::kLambdaInvoke, kFunction, "InvokeFunction"},
    {Id::kLambdaInvokeAsync, kBareFunction, "InvokeFunction"},
    {Id::kLambdaInvokeWithResponseStream, kFunction, "InvokeFunction"},
    {Id::kLambdaListAliases, kBareFunction},
    {Id::kLambdaListCodeSigningConfigs, kEverything},
    {Id::kLambdaListEventSourceMappings, kEverything},
    {Id::kLambdaListFunctionEventInvokeConfigs, kBareFunction},
    {Id::kLambdaListFunctionUrlConfigs, kBareFunction},
    {Id::kLambdaListFunctions, kEverything},
    {Id::kLambdaListFunctionsByCodeSigningConfig, kSigningConfig},
    {Id::kLambdaListLayerVersions, kEverything},
    {Id::kLambdaListLayers, kEverything},
    {Id::kLambdaListProvisionedConcurrencyConfigs, kBareFunction},
    {Id::kLambdaListTags, kTagged},
    {Id::kLambdaListVersionsByFunction, kBareFunction},
    {Id::kLambdaPublishLayerVersion, kLayer},
    {Id::kLambdaPublishVersion, kBareFunction},
    {Id::kLambdaPutFunctionCodeSigningConfig, kBareFunction},
    {Id::kLambdaPutFunctionConcurrency, kBareFunction},
    {Id::kLambdaPutFunctionEventInvokeConfig, kFunction},
    {Id::kLambdaPutFunctionRecursionConfig, kBareFunction},
    {Id::kLambdaPutFunctionScalingConfig, kFunction},
    {Id::kLambdaPutProvisionedConcurrencyConfig, kFunction},
    {Id::kLambdaPutRuntimeManagementConfig, kFunction},
    {Id::kLambdaRemoveLayerVersionPermission, kLayerVersion},
    {Id::kLambdaRemovePermission, kFunction},
    {Id::kLambdaTagResource, kTagged},
    {Id::kLambdaUntagResource, kTagged},
    {Id::kLambdaUpdateAlias, kBareFunction},
    {Id::kLambdaUpdateCodeSigningConfig, kSigningConfig},
    {Id::kLambdaUpdateEventSourceMapping, kMapping},
    {Id::kLambdaUpdateFunctionCode, kBareFunction},
    {Id::kLambdaUpdateFunctionConfiguration, kBareFunction},
    {Id::kLambdaUpdateFunctionEventInvokeConfig, kFunction},
    {Id::kLambdaUpdateFunctionUrlConfig, kFunction},

    {Id::kIamAddUserToGroup, kGroup},
    {Id::kIamAttachGroupPolicy, kGroup},
    {Id::kIamAttachRolePolicy, kRole},
    {Id::kIamAttachUserPolicy, kUser},
    {Id::kIamCreateAccessKey, kUser},
    {Id::kIamCreateGroup, kGroup},
    {Id::kIamCreatePolicy, kNewPolicy},
    {Id::kIamCreatePolicyVersion, kPolicy},
    {Id::kIamCreateRole, kRole},
    {Id::kIamCreateUser, kUser},
    {Id::kIamDeleteAccessKey, kUser},
    {Id::kIamDeleteGroup, kGroup},
    {Id::kIamDeleteGroupPolicy, kGroup},
    {Id::kIamDeletePolicy, kPolicy},
    {Id::kIamDeletePolicyVersion, kPolicy},
    {Id::kIamDeleteRole, kRole},
    {Id::kIamDeleteRolePermissionsBoundary, kRole},
    {Id::kIamDeleteRolePolicy, kRole},
    {Id::kIamDeleteUser, kUser},
    {Id::kIamDeleteUserPermissionsBoundary, kUser},
    {Id::kIamDeleteUserPolicy, kUser},
    {Id::kIamDetachGroupPolicy, kGroup},
    {Id::kIamDetachRolePolicy, kRole},
    {Id::kIamDetachUserPolicy, kUser},
    {Id::kIamGetAccessKeyLastUsed, kAccessKey},
    {Id::kIamGetGroup, kGroup},
    {Id::kIamGetGroupPolicy, kGroup},
    {Id::kIamGetPolicy, kPolicy},
    {Id::kIamGetPolicyVersion, kPolicy},
    {Id::kIamGetRole, kRole},
    {Id::kIamGetRolePolicy, kRole},
    {Id::kIamGetUser, kUser},
    {Id::kIamGetUserPolicy, kUser},
    {Id::kIamListAccessKeys, kUser},
    {Id::kIamListAttachedGroupPolicies, kGroup},
    {Id::kIamListAttachedRolePolicies, kRole},
    {Id::kIamListAttachedUserPolicies, kUser},
    {Id::kIamListEntitiesForPolicy, kPolicy},
    {Id::kIamListGroupPolicies, kGroup},
    {Id::kIamListGroups, kAllGroups},
    {Id::kIamListGroupsForUser, kUser},
    {Id::kIamListInstanceProfilesForRole, kRole},
    {Id::kIamListPolicies, kAllPolicies},
    {Id::kIamListPolicyTags, kPolicy},
    {Id::kIamListPolicyVersions, kPolicy},
    {Id::kIamListRolePolicies, kRole},
    {Id::kIamListRoleTags, kRole},
    {Id::kIamListRoles, kAllRoles},
    {Id::kIamListUserPolicies, kUser},
    {Id::kIamListUserTags, kUser},
    {Id::kIamListUsers, kAllUsers},
    {Id::kIamPutGroupPolicy, kGroup},
    {Id::kIamPutRolePermissionsBoundary, kRole},
    {Id::kIamPutRolePolicy, kRole},
    {Id::kIamPutUserPermissionsBoundary, kUser},
    {Id::kIamPutUserPolicy, kUser},
    {Id::kIamRemoveUserFromGroup, kGroup},
    {Id::kIamSetDefaultPolicyVersion, kPolicy},
    {Id::kIamTagPolicy, kPolicy},
    {Id::kIamTagRole, kRole},
    {Id::kIamTagUser, kUser},
    {Id::kIamUntagPolicy, kPolicy},
    {Id::kIamUntagRole, kRole},
    {Id::kIamUntagUser, kUser},
    {Id::kIamUpdateAccessKey, kUser},
    {Id::kIamUpdateAssumeRolePolicy, kRole},
    {Id::kIamUpdateGroup, kGroup},
    {Id::kIamUpdateRole, kRole},
    {Id::kIamUpdateRoleDescription, kRole},
    {Id::kIamUpdateUser, kUser},

    // The role's trust policy decides with the caller's own: iam/security_tokens.h.
    {Id::kStsAssumeRole, kUnchecked},
    {Id::kStsGetAccessKeyInfo, kEverything},
    {Id::kStsGetCallerIdentity, kUnchecked},
    {Id::kStsGetSessionToken, kUnchecked},
};

}  // namespace

AccessRule const* find_access_rule(wire::OperationId operation) noexcept {
    static auto const by_operation = [] {
        std::unordered_map<Id, AccessRule const*> rules;
        for (auto const& rule : kRules) rules.emplace(rule.operation, &rule);
        return rules;
    }();
    auto const found = by_operation.find(operation);
    return found == by_operation.end() ? nullptr : found->second;
}

std::string action_name(wire::Operation const& operation, AccessRule const& rule) {
    static constexpr std::string_view kLambda = "lambda:", kIam = "iam:", kSts = "sts:";
    auto const service = operation.service == wire::Service::kLambda ? kLambda
                         : operation.service == wire::Service::kIam  ? kIam
                                                                     : kSts;
    return std::string(service).append(rule.action.empty() ? operation.name : rule.action);
}

}  // namespace meridian::api
