// IAM's operations on roles.

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

io::Task<json> create_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto tags, tags_of(input, TagKeys::kIgnoreCase));
    iam::CreateRoleRequest request{
        .name = text_of(input, "RoleName"),
        .path = text_of(input, "Path", "/"),
        .assume_role_policy_document = text_of(input, "AssumeRolePolicyDocument"),
        .description = text_of(input, "Description"),
        .max_session_seconds = input.value("MaxSessionDuration", 3'600),
        .tags = std::move(tags),
        .permissions_boundary = text_of(input, "PermissionsBoundary")};
    MERIDIAN_CO_TRY(auto role,
                    co_await services.iam.create_role(requester(context), std::move(request)));
    co_return json{{"Role", wire::created_role_json(role)}};
}

io::Task<json> get_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const* const role,
                    services.iam.get_role(context.caller.account, text_of(input, "RoleName")));
    co_return json{{"Role", wire::role_json(*role)}};
}

io::Task<json> list_roles(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_roles(context.caller.account, page_request(input)));
    co_return page_json("Roles", page,
                        [](model::Role const* role) { return wire::role_list_item_json(*role); });
}

io::Task<json> update_role(Services services, ActionContext context, json input) {
    iam::RoleChange change{.description = optional_text(input, "Description")};
    if (input.contains("MaxSessionDuration"))
        change.max_session_seconds = input.at("MaxSessionDuration").get<int>();
    MERIDIAN_CO_CHECK(co_await services.iam.update_role(
        requester(context), text_of(input, "RoleName"), std::move(change)));
    co_return json::object();
}

io::Task<json> update_role_description(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.iam.update_role(requester(context), text_of(input, "RoleName"),
                                          {.description = text_of(input, "Description")}));
    MERIDIAN_CO_TRY(auto const* const role,
                    services.iam.get_role(context.caller.account, text_of(input, "RoleName")));
    auto value = wire::created_role_json(*role);
    if (!role->description.empty()) value["Description"] = role->description;
    co_return json{{"Role", std::move(value)}};
}

io::Task<json> update_assume_role_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.update_role(
        requester(context), text_of(input, "RoleName"),
        {.assume_role_policy_document = text_of(input, "PolicyDocument")}));
    co_return json();
}

io::Task<json> delete_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.iam.delete_role(requester(context), text_of(input, "RoleName")));
    co_return json();
}

constexpr ActionEntry kRoleActions[] = {
    {OperationId::kIamCreateRole, create_role},
    {OperationId::kIamDeleteRole, delete_role},
    {OperationId::kIamGetRole, get_role},
    {OperationId::kIamListRoles, list_roles},
    {OperationId::kIamUpdateAssumeRolePolicy, update_assume_role_policy},
    {OperationId::kIamUpdateRole, update_role},
    {OperationId::kIamUpdateRoleDescription, update_role_description},
};

}  // namespace

ActionGroup iam_role_actions() noexcept { return kRoleActions; }

}  // namespace meridian::api
