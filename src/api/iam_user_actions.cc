// IAM's operations on users and their access keys.

#include <fmt/format.h>

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

// UserName, or else the user who asks. kValidation where that is no user.
Result<std::string> user_name(ActionContext const& context, json const& input) {
    if (auto name = optional_text(input, "UserName")) return std::move(*name);
    if (context.caller.principal.kind == auth::Principal::Kind::kUser)
        return context.caller.principal.name;
    return fail(Errc::kValidation, "Must specify userName when calling with non-User credentials");
}

io::Task<json> create_user(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto tags, tags_of(input, TagKeys::kIgnoreCase));
    iam::CreateUserRequest request{.name = text_of(input, "UserName"),
                                   .path = text_of(input, "Path", "/"),
                                   .tags = std::move(tags),
                                   .permissions_boundary = text_of(input, "PermissionsBoundary")};
    MERIDIAN_CO_TRY(auto const user,
                    co_await services.iam.create_user(requester(context), std::move(request)));
    co_return json{{"User", wire::user_json(user)}};
}

io::Task<json> get_user(Services services, ActionContext context, json input) {
    bool const root = context.caller.principal.kind == auth::Principal::Kind::kRoot;
    if (root && !input.contains("UserName")) {
        co_return json{
            {"User", {{"UserId", context.caller.account.value()}, {"Arn", context.caller.arn}}}};
    }
    MERIDIAN_CO_TRY(auto const name, user_name(context, input));
    MERIDIAN_CO_TRY(auto const* const user, services.iam.get_user(context.caller.account, name));
    co_return json{{"User", wire::user_json(*user)}};
}

io::Task<json> list_users(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_users(context.caller.account, page_request(input)));
    co_return page_json("Users", page,
                        [](model::User const* user) { return wire::user_list_item_json(*user); });
}

io::Task<json> update_user(Services services, ActionContext context, json input) {
    iam::Renaming change{.name = optional_text(input, "NewUserName"),
                         .path = optional_text(input, "NewPath")};
    MERIDIAN_CO_CHECK(co_await services.iam.update_user(
        requester(context), text_of(input, "UserName"), std::move(change)));
    co_return json();
}

io::Task<json> delete_user(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.iam.delete_user(requester(context), text_of(input, "UserName")));
    co_return json();
}

io::Task<json> create_access_key(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, user_name(context, input));
    MERIDIAN_CO_TRY(auto const made,
                    co_await services.iam.create_access_key(requester(context), std::move(name)));
    auto key = wire::access_key_json(made.key, made.user_name);
    key["SecretAccessKey"] = made.secret_access_key;
    co_return json{{"AccessKey", std::move(key)}};
}

io::Task<json> list_access_keys(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const name, user_name(context, input));
    MERIDIAN_CO_TRY(auto const page, services.iam.list_access_keys(context.caller.account, name,
                                                                   page_request(input)));
    co_return page_json("AccessKeyMetadata", page, [](iam::AccessKeyView const& key) {
        return wire::access_key_json(key.key, key.user_name);
    });
}

io::Task<json> update_access_key(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, user_name(context, input));
    auto const status = text_of(input, "Status");
    if (status == "Expired") {
        co_return fail(Errc::kValidation, "A key's Status is set to Active or Inactive.");
    }
    MERIDIAN_CO_CHECK(co_await services.iam.update_access_key(
        requester(context), std::move(name), model::AccessKeyId{text_of(input, "AccessKeyId")},
        status == "Active"));
    co_return json();
}

io::Task<json> delete_access_key(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, user_name(context, input));
    MERIDIAN_CO_CHECK(co_await services.iam.delete_access_key(
        requester(context), std::move(name), model::AccessKeyId{text_of(input, "AccessKeyId")}));
    co_return json();
}

// Use is not recorded: AWS's answer for a key that was never used.
io::Task<json> get_access_key_last_used(Services services, ActionContext context, json input) {
    auto const id = text_of(input, "AccessKeyId");
    auto const key = services.iam.get_access_key(context.caller.account, model::AccessKeyId{id});
    if (!key) {
        // Recorded (2026-02), without the colon of other refusals: nobody learns which keys exist.
        co_return fail(Errc::kAccessDenied,
                       fmt::format("User: {} is not authorized to perform iam:GetAccessKeyLastUsed "
                                   "on resource: access key {}",
                                   context.caller.arn, id));
    }
    co_return json{{"UserName", key->user_name},
                   {"AccessKeyLastUsed", {{"ServiceName", "N/A"}, {"Region", "N/A"}}}};
}

// What users have on AWS and never have here. Tools ask before they delete a user.
template <char const* kMember>
io::Task<json> list_none(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const name, user_name(context, input));
    MERIDIAN_CO_CHECK(services.iam.get_user(context.caller.account, name));
    co_return page_json(kMember, json::array(), "");
}
constexpr char kCertificates[] = "Certificates";
constexpr char kMfaDevices[] = "MFADevices";
constexpr char kServiceSpecificCredentials[] = "ServiceSpecificCredentials";
constexpr char kSshPublicKeys[] = "SSHPublicKeys";

io::Task<json> no_login_profile(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const name, user_name(context, input));
    MERIDIAN_CO_CHECK(services.iam.get_user(context.caller.account, name));
    co_return fail(Errc::kNoSuchEntity,
                   fmt::format("Login Profile for User {} cannot be found.", name));
}

constexpr ActionEntry kUserActions[] = {
    {OperationId::kIamCreateAccessKey, create_access_key},
    {OperationId::kIamCreateUser, create_user},
    {OperationId::kIamDeleteAccessKey, delete_access_key},
    {OperationId::kIamDeleteLoginProfile, no_login_profile},
    {OperationId::kIamDeleteUser, delete_user},
    {OperationId::kIamGetAccessKeyLastUsed, get_access_key_last_used},
    {OperationId::kIamGetLoginProfile, no_login_profile},
    {OperationId::kIamGetUser, get_user},
    {OperationId::kIamListAccessKeys, list_access_keys},
    {OperationId::kIamListMFADevices, list_none<kMfaDevices>},
    {OperationId::kIamListSSHPublicKeys, list_none<kSshPublicKeys>},
    {OperationId::kIamListServiceSpecificCredentials, list_none<kServiceSpecificCredentials>},
    {OperationId::kIamListSigningCertificates, list_none<kCertificates>},
    {OperationId::kIamListUsers, list_users},
    {OperationId::kIamUpdateAccessKey, update_access_key},
    {OperationId::kIamUpdateUser, update_user},
};

}  // namespace

ActionGroup iam_user_actions() noexcept { return kUserActions; }

}  // namespace meridian::api
