// IAM's operations: decode, ask the control plane, encode.

#include "api/action.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

std::string text_of(json const& input, char const* member, char const* otherwise = "") {
    return input.value(member, otherwise);
}

// Items under `member` with IAM's two members for pages.
json page_json(char const* member, json items, std::string const& next_marker) {
    json output = {{member, std::move(items)}, {"IsTruncated", !next_marker.empty()}};
    if (!next_marker.empty()) output["Marker"] = next_marker;
    return output;
}

constexpr std::size_t kIamPageDefault = 100;

io::Task<json> create_role(Services services, ActionContext context, json input) {
    if (input.contains("PermissionsBoundary")) {
        co_return fail(Errc::kValidation,
                       "PermissionsBoundary is not supported by this version of Meridian.");
    }
    model::Tags tags;
    for (auto const& tag : input.value("Tags", json::array())) {
        if (!tags.emplace(text_of(tag, "Key"), text_of(tag, "Value")).second) {
            co_return fail(
                Errc::kValidation,
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        }
    }
    control::CreateRoleRequest request{
        .name = text_of(input, "RoleName"),
        .path = text_of(input, "Path", "/"),
        .assume_role_policy_document = text_of(input, "AssumeRolePolicyDocument"),
        .description = text_of(input, "Description"),
        .max_session_seconds = input.value("MaxSessionDuration", 3'600),
        .tags = std::move(tags)};
    MERIDIAN_CO_TRY(auto role,
                    co_await services.control.create_role(requester(context), std::move(request)));
    co_return json{{"Role", wire::role_json(role)}};
}

io::Task<json> get_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto role, co_await services.control.get_role(requester(context),
                                                                  text_of(input, "RoleName")));
    co_return json{{"Role", wire::role_json(role)}};
}

io::Task<json> list_roles(Services services, ActionContext context, json input) {
    control::ListRolesRequest request{.path_prefix = text_of(input, "PathPrefix", "/"),
                                      .marker = text_of(input, "Marker"),
                                      .max_items = input.value("MaxItems", kIamPageDefault)};
    MERIDIAN_CO_TRY(auto page,
                    co_await services.control.list_roles(requester(context), std::move(request)));
    json roles = json::array();
    for (auto const& role : page.roles) roles.push_back(wire::role_list_item_json(role));
    co_return page_json("Roles", std::move(roles), page.next_marker);
}

io::Task<json> delete_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.control.delete_role(requester(context), text_of(input, "RoleName")));
    co_return json();
}

io::Task<json> attach_role_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.control.attach_role_policy(
        requester(context), text_of(input, "RoleName"), text_of(input, "PolicyArn")));
    co_return json();
}

io::Task<json> detach_role_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.control.detach_role_policy(
        requester(context), text_of(input, "RoleName"), text_of(input, "PolicyArn")));
    co_return json();
}

io::Task<json> list_attached_role_policies(Services services, ActionContext context, json input) {
    control::ListAttachedPoliciesRequest request{
        .role_name = text_of(input, "RoleName"),
        .path_prefix = text_of(input, "PathPrefix", "/"),
        .marker = text_of(input, "Marker"),
        .max_items = input.value("MaxItems", kIamPageDefault)};
    MERIDIAN_CO_TRY(auto page, co_await services.control.list_attached_role_policies(
                                   requester(context), std::move(request)));
    json policies = json::array();
    for (auto const& policy : page.policies) policies.push_back(wire::attached_policy_json(policy));
    co_return page_json("AttachedPolicies", std::move(policies), page.next_marker);
}

// Inline policies: PutRolePolicy does not exist yet, so no role has one.
io::Task<json> list_role_policies(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.control.get_role(requester(context), text_of(input, "RoleName")));
    co_return page_json("PolicyNames", json::array(), "");
}

constexpr ActionEntry kIamActions[] = {
    {OperationId::kIamAttachRolePolicy, attach_role_policy},
    {OperationId::kIamCreateRole, create_role},
    {OperationId::kIamDeleteRole, delete_role},
    {OperationId::kIamDetachRolePolicy, detach_role_policy},
    {OperationId::kIamGetRole, get_role},
    {OperationId::kIamListAttachedRolePolicies, list_attached_role_policies},
    {OperationId::kIamListRolePolicies, list_role_policies},
    {OperationId::kIamListRoles, list_roles},
};

}  // namespace

std::span<ActionEntry const> iam_actions() noexcept { return kIamActions; }

}  // namespace meridian::api
