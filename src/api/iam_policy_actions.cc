// IAM's operations on managed policies and their versions.

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"
#include "wire/uri.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

// As ListPolicies shows it. CreatePolicy adds tags, if there are any; GetPolicy tags and
// description (recorded 2026-02).
json policy_json(iam::PolicyView const& policy) {
    json value = {{"PolicyName", policy.name},
                  {"PolicyId", policy.id},
                  {"Arn", policy.arn},
                  {"Path", policy.path},
                  {"DefaultVersionId", policy.default_version},
                  {"AttachmentCount", policy.attachments},
                  {"PermissionsBoundaryUsageCount", policy.boundary_uses},
                  {"IsAttachable", true},
                  {"CreateDate", wire::iam_time(policy.created)},
                  {"UpdateDate", wire::iam_time(policy.updated)}};
    return value;
}

// Without its document, as listings show it.
json version_json(iam::PolicyVersionView const& version) {
    return {{"VersionId", version.id},
            {"IsDefaultVersion", version.is_default},
            {"CreateDate", wire::iam_time(version.created)}};
}

io::Task<json> create_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto tags, tags_of(input, TagKeys::kAsTheyAre));
    iam::CreatePolicyRequest request{.name = text_of(input, "PolicyName"),
                                     .path = text_of(input, "Path", "/"),
                                     .document = text_of(input, "PolicyDocument"),
                                     .description = text_of(input, "Description"),
                                     .tags = std::move(tags)};
    MERIDIAN_CO_TRY(auto const policy,
                    co_await services.iam.create_policy(requester(context), std::move(request)));
    auto value = policy_json(policy);
    if (!policy.tags.empty()) value["Tags"] = wire::iam_tags_json(policy.tags);
    co_return json{{"Policy", std::move(value)}};
}

io::Task<json> get_managed_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const policy,
                    services.iam.get_policy(context.caller.account, text_of(input, "PolicyArn")));
    auto value = policy_json(policy);
    if (!policy.description.empty()) value["Description"] = policy.description;
    value["Tags"] = wire::iam_tags_json(policy.tags);
    co_return json{{"Policy", std::move(value)}};
}

iam::PolicyUse policy_use(json const& input) {
    auto const filter = text_of(input, "PolicyUsageFilter");
    if (filter.empty()) return iam::PolicyUse::kEither;
    return filter == "PermissionsBoundary" ? iam::PolicyUse::kBoundary
                                           : iam::PolicyUse::kPermissions;
}

io::Task<json> list_managed_policies(Services services, ActionContext context, json input) {
    auto const scope = text_of(input, "Scope", "All");
    iam::ListPoliciesRequest const request{
        .page = page_request(input),
        .customer = scope != "AWS",
        .aws = scope != "Local",
        .only_attached = input.value("OnlyAttached", false),
        .only_boundaries = policy_use(input) == iam::PolicyUse::kBoundary};
    MERIDIAN_CO_TRY(auto const page, services.iam.list_policies(context.caller.account, request));
    co_return page_json("Policies", page, policy_json);
}

io::Task<json> delete_managed_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.iam.delete_policy(requester(context), text_of(input, "PolicyArn")));
    co_return json();
}

io::Task<json> create_policy_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const version,
                    co_await services.iam.create_policy_version(
                        requester(context), text_of(input, "PolicyArn"),
                        text_of(input, "PolicyDocument"), input.value("SetAsDefault", false)));
    co_return json{{"PolicyVersion", version_json(version)}};
}

io::Task<json> get_policy_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const version, services.iam.get_policy_version(
                                            context.caller.account, text_of(input, "PolicyArn"),
                                            text_of(input, "VersionId")));
    auto value = version_json(version);
    value["Document"] = wire::percent_encoded(version.document);
    co_return json{{"PolicyVersion", std::move(value)}};
}

io::Task<json> list_policy_versions(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_policy_versions(
                        context.caller.account, text_of(input, "PolicyArn"), page_request(input)));
    co_return page_json("Versions", page, version_json);
}

io::Task<json> delete_policy_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.delete_policy_version(
        requester(context), text_of(input, "PolicyArn"), text_of(input, "VersionId")));
    co_return json();
}

io::Task<json> set_default_policy_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.set_default_policy_version(
        requester(context), text_of(input, "PolicyArn"), text_of(input, "VersionId")));
    co_return json();
}

// Everything at once: an account has at most some thousand entities, and AWS's pages of three lists
// in one have no order to go by.
io::Task<json> list_entities_for_policy(Services services, ActionContext context, json input) {
    auto const use = policy_use(input);
    auto const& account = context.caller.account;
    auto const arn = text_of(input, "PolicyArn");
    auto const prefix = text_of(input, "PathPrefix", "/");
    auto const filter = text_of(input, "EntityFilter");
    MERIDIAN_CO_TRY(auto const users,
                    services.iam.entities_for_policy<model::User>(account, arn, prefix, use));
    MERIDIAN_CO_TRY(auto const groups,
                    services.iam.entities_for_policy<model::Group>(account, arn, prefix, use));
    MERIDIAN_CO_TRY(auto const roles,
                    services.iam.entities_for_policy<model::Role>(account, arn, prefix, use));
    json output = {{"PolicyUsers", json::array()},
                   {"PolicyGroups", json::array()},
                   {"PolicyRoles", json::array()},
                   {"IsTruncated", false}};
    if (filter.empty() || filter == "User") {
        for (auto const* user : users)
            output["PolicyUsers"].push_back({{"UserName", user->name}, {"UserId", user->id}});
    }
    if (filter.empty() || filter == "Group") {
        for (auto const* group : groups)
            output["PolicyGroups"].push_back({{"GroupName", group->name}, {"GroupId", group->id}});
    }
    if (filter.empty() || filter == "Role") {
        for (auto const* role : roles)
            output["PolicyRoles"].push_back({{"RoleName", role->name}, {"RoleId", role->id}});
    }
    co_return output;
}

constexpr ActionEntry kPolicyActions[] = {
    {OperationId::kIamCreatePolicy, create_policy},
    {OperationId::kIamCreatePolicyVersion, create_policy_version},
    {OperationId::kIamDeletePolicy, delete_managed_policy},
    {OperationId::kIamDeletePolicyVersion, delete_policy_version},
    {OperationId::kIamGetPolicy, get_managed_policy},
    {OperationId::kIamGetPolicyVersion, get_policy_version},
    {OperationId::kIamListEntitiesForPolicy, list_entities_for_policy},
    {OperationId::kIamListPolicies, list_managed_policies},
    {OperationId::kIamListPolicyVersions, list_policy_versions},
    {OperationId::kIamSetDefaultPolicyVersion, set_default_policy_version},
};

}  // namespace

ActionGroup iam_policy_actions() noexcept { return kPolicyActions; }

}  // namespace meridian::api
