// IAM's operations on instance profiles.

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

// Null where the profile has none. Nobody deletes a role that is in one.
model::Role const* role_of(Services services, model::InstanceProfile const& profile) {
    if (profile.role_name.empty()) return nullptr;
    return services.iam.get_role(profile.account, profile.role_name).value_or(nullptr);
}

json profiles_page_json(Services services, iam::Page<model::InstanceProfile const*> const& page) {
    return page_json("InstanceProfiles", page, [&](model::InstanceProfile const* profile) {
        return wire::instance_profile_list_item_json(*profile, role_of(services, *profile));
    });
}

io::Task<json> create_instance_profile(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto tags, tags_of(input, TagKeys::kIgnoreCase));
    iam::CreateInstanceProfileRequest request{.name = text_of(input, "InstanceProfileName"),
                                              .path = text_of(input, "Path", "/"),
                                              .tags = std::move(tags)};
    MERIDIAN_CO_TRY(auto const profile, co_await services.iam.create_instance_profile(
                                            requester(context), std::move(request)));
    co_return json{{"InstanceProfile", wire::instance_profile_json(profile, nullptr)}};
}

io::Task<json> get_instance_profile(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const* const profile,
                    services.iam.get_instance_profile(context.caller.account,
                                                      text_of(input, "InstanceProfileName")));
    co_return json{
        {"InstanceProfile", wire::instance_profile_json(*profile, role_of(services, *profile))}};
}

io::Task<json> list_instance_profiles(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page, services.iam.list_instance_profiles(context.caller.account,
                                                                         page_request(input)));
    co_return profiles_page_json(services, page);
}

io::Task<json> list_instance_profiles_for_role(Services services, ActionContext context,
                                               json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_instance_profiles_for_role(
                        context.caller.account, text_of(input, "RoleName"), page_request(input)));
    co_return profiles_page_json(services, page);
}

io::Task<json> delete_instance_profile(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.delete_instance_profile(
        requester(context), text_of(input, "InstanceProfileName")));
    co_return json();
}

io::Task<json> add_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.add_role_to_instance_profile(
        requester(context), text_of(input, "InstanceProfileName"), text_of(input, "RoleName")));
    co_return json();
}

io::Task<json> remove_role(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.remove_role_from_instance_profile(
        requester(context), text_of(input, "InstanceProfileName"), text_of(input, "RoleName")));
    co_return json();
}

constexpr ActionEntry kInstanceProfileActions[] = {
    {OperationId::kIamAddRoleToInstanceProfile, add_role},
    {OperationId::kIamCreateInstanceProfile, create_instance_profile},
    {OperationId::kIamDeleteInstanceProfile, delete_instance_profile},
    {OperationId::kIamGetInstanceProfile, get_instance_profile},
    {OperationId::kIamListInstanceProfiles, list_instance_profiles},
    {OperationId::kIamListInstanceProfilesForRole, list_instance_profiles_for_role},
    {OperationId::kIamRemoveRoleFromInstanceProfile, remove_role},
};

}  // namespace

ActionGroup iam_instance_profile_actions() noexcept { return kInstanceProfileActions; }

}  // namespace meridian::api
