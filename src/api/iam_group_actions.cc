// IAM's operations on groups.

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

json item_json(model::Group const* group) { return wire::group_json(*group); }

io::Task<json> create_group(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const group, co_await services.iam.create_group(
                                          requester(context), text_of(input, "GroupName"),
                                          text_of(input, "Path", "/")));
    co_return json{{"Group", wire::group_json(group)}};
}

io::Task<json> get_group(Services services, ActionContext context, json input) {
    auto const name = text_of(input, "GroupName");
    auto const& account = context.caller.account;
    MERIDIAN_CO_TRY(auto const* const group, services.iam.get_group(account, name));
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_group_members(account, name, page_request(input)));
    auto output = page_json(
        "Users", page, [](model::User const* user) { return wire::user_list_item_json(*user); });
    output["Group"] = wire::group_json(*group);
    co_return output;
}

io::Task<json> list_groups(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_groups(context.caller.account, page_request(input)));
    co_return page_json("Groups", page, item_json);
}

io::Task<json> list_groups_for_user(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_groups_for_user(
                        context.caller.account, text_of(input, "UserName"), page_request(input)));
    co_return page_json("Groups", page, item_json);
}

io::Task<json> update_group(Services services, ActionContext context, json input) {
    iam::Renaming change{.name = optional_text(input, "NewGroupName"),
                         .path = optional_text(input, "NewPath")};
    MERIDIAN_CO_CHECK(co_await services.iam.update_group(
        requester(context), text_of(input, "GroupName"), std::move(change)));
    co_return json();
}

io::Task<json> delete_group(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.iam.delete_group(requester(context), text_of(input, "GroupName")));
    co_return json();
}

io::Task<json> add_user_to_group(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.add_user_to_group(
        requester(context), text_of(input, "UserName"), text_of(input, "GroupName")));
    co_return json();
}

io::Task<json> remove_user_from_group(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.remove_user_from_group(
        requester(context), text_of(input, "UserName"), text_of(input, "GroupName")));
    co_return json();
}

constexpr ActionEntry kGroupActions[] = {
    {OperationId::kIamAddUserToGroup, add_user_to_group},
    {OperationId::kIamCreateGroup, create_group},
    {OperationId::kIamDeleteGroup, delete_group},
    {OperationId::kIamGetGroup, get_group},
    {OperationId::kIamListGroups, list_groups},
    {OperationId::kIamListGroupsForUser, list_groups_for_user},
    {OperationId::kIamRemoveUserFromGroup, remove_user_from_group},
    {OperationId::kIamUpdateGroup, update_group},
};

}  // namespace

ActionGroup iam_group_actions() noexcept { return kGroupActions; }

}  // namespace meridian::api
