// IAM's operations that exist once for each kind of entity: attached and inline policies,
// permissions boundaries, tags.

#include "api/action.h"
#include "api/iam_input.h"
#include "wire/iam_json.h"
#include "wire/uri.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

// Which member names the entity.
template <typename Entity>
constexpr char const* kNameMember = "RoleName";
template <>
constexpr char const* kNameMember<model::User> = "UserName";
template <>
constexpr char const* kNameMember<model::Group> = "GroupName";
template <>
constexpr char const* kNameMember<model::ManagedPolicy> = "PolicyArn";
template <>
constexpr char const* kNameMember<model::InstanceProfile> = "InstanceProfileName";

template <typename Entity>
std::string name_of(json const& input) {
    return text_of(input, kNameMember<Entity>);
}

template <typename Entity>
io::Task<json> attach_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.attach_policy<Entity>(
        requester(context), name_of<Entity>(input), text_of(input, "PolicyArn")));
    co_return json();
}

template <typename Entity>
io::Task<json> detach_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.detach_policy<Entity>(
        requester(context), name_of<Entity>(input), text_of(input, "PolicyArn")));
    co_return json();
}

template <typename Entity>
io::Task<json> list_attached_policies(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_attached_policies<Entity>(
                        context.caller.account, name_of<Entity>(input), page_request(input)));
    co_return page_json("AttachedPolicies", page, wire::attached_policy_json);
}

template <typename Entity>
io::Task<json> put_permissions_boundary(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.put_permissions_boundary<Entity>(
        requester(context), name_of<Entity>(input), text_of(input, "PermissionsBoundary")));
    co_return json();
}

template <typename Entity>
io::Task<json> put_policy(Services services, ActionContext context, json input) {
    iam::NamedDocument policy{.name = text_of(input, "PolicyName"),
                              .document = text_of(input, "PolicyDocument")};
    MERIDIAN_CO_CHECK(co_await services.iam.put_inline_policy<Entity>(
        requester(context), name_of<Entity>(input), std::move(policy)));
    co_return json();
}

template <typename Entity>
io::Task<json> get_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const document, services.iam.get_inline_policy<Entity>(
                                             context.caller.account, name_of<Entity>(input),
                                             text_of(input, "PolicyName")));
    co_return json{{kNameMember<Entity>, name_of<Entity>(input)},
                   {"PolicyName", text_of(input, "PolicyName")},
                   {"PolicyDocument", wire::percent_encoded(document)}};
}

template <typename Entity>
io::Task<json> delete_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.delete_inline_policy<Entity>(
        requester(context), name_of<Entity>(input), text_of(input, "PolicyName")));
    co_return json();
}

template <typename Entity>
io::Task<json> list_policies(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_inline_policies<Entity>(
                        context.caller.account, name_of<Entity>(input), page_request(input)));
    co_return page_json("PolicyNames", page, [](std::string const& name) { return name; });
}

template <typename Entity>
constexpr auto kTagKeys =
    std::is_same_v<Entity, model::ManagedPolicy> ? TagKeys::kAsTheyAre : TagKeys::kIgnoreCase;

template <typename Entity>
io::Task<json> tag(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto tags, tags_of(input, kTagKeys<Entity>));
    MERIDIAN_CO_CHECK(co_await services.iam.change_tags<Entity>(
        requester(context), name_of<Entity>(input), {.add = std::move(tags)}));
    co_return json();
}

template <typename Entity>
io::Task<json> untag(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(co_await services.iam.change_tags<Entity>(
        requester(context), name_of<Entity>(input),
        {.remove = input.value("TagKeys", std::vector<std::string>())}));
    co_return json();
}

template <typename Entity>
io::Task<json> list_entity_tags(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    services.iam.list_tags<Entity>(context.caller.account, name_of<Entity>(input),
                                                   page_request(input)));
    co_return page_json("Tags", page, [](auto const& entry) {
        return json{{"Key", entry.first}, {"Value", entry.second}};
    });
}

constexpr ActionEntry kEntityActions[] = {
    {OperationId::kIamAttachGroupPolicy, attach_policy<model::Group>},
    {OperationId::kIamAttachRolePolicy, attach_policy<model::Role>},
    {OperationId::kIamAttachUserPolicy, attach_policy<model::User>},
    {OperationId::kIamDeleteGroupPolicy, delete_policy<model::Group>},
    {OperationId::kIamDeleteRolePolicy, delete_policy<model::Role>},
    {OperationId::kIamDeleteUserPolicy, delete_policy<model::User>},
    // Without a PermissionsBoundary in their input.
    {OperationId::kIamDeleteRolePermissionsBoundary, put_permissions_boundary<model::Role>},
    {OperationId::kIamDeleteUserPermissionsBoundary, put_permissions_boundary<model::User>},
    {OperationId::kIamDetachGroupPolicy, detach_policy<model::Group>},
    {OperationId::kIamDetachRolePolicy, detach_policy<model::Role>},
    {OperationId::kIamDetachUserPolicy, detach_policy<model::User>},
    {OperationId::kIamGetGroupPolicy, get_policy<model::Group>},
    {OperationId::kIamGetRolePolicy, get_policy<model::Role>},
    {OperationId::kIamGetUserPolicy, get_policy<model::User>},
    {OperationId::kIamListAttachedGroupPolicies, list_attached_policies<model::Group>},
    {OperationId::kIamListAttachedRolePolicies, list_attached_policies<model::Role>},
    {OperationId::kIamListAttachedUserPolicies, list_attached_policies<model::User>},
    {OperationId::kIamListGroupPolicies, list_policies<model::Group>},
    {OperationId::kIamListInstanceProfileTags, list_entity_tags<model::InstanceProfile>},
    {OperationId::kIamListPolicyTags, list_entity_tags<model::ManagedPolicy>},
    {OperationId::kIamListRolePolicies, list_policies<model::Role>},
    {OperationId::kIamListRoleTags, list_entity_tags<model::Role>},
    {OperationId::kIamListUserPolicies, list_policies<model::User>},
    {OperationId::kIamListUserTags, list_entity_tags<model::User>},
    {OperationId::kIamPutGroupPolicy, put_policy<model::Group>},
    {OperationId::kIamPutRolePolicy, put_policy<model::Role>},
    {OperationId::kIamPutUserPolicy, put_policy<model::User>},
    {OperationId::kIamPutRolePermissionsBoundary, put_permissions_boundary<model::Role>},
    {OperationId::kIamPutUserPermissionsBoundary, put_permissions_boundary<model::User>},
    {OperationId::kIamTagInstanceProfile, tag<model::InstanceProfile>},
    {OperationId::kIamTagPolicy, tag<model::ManagedPolicy>},
    {OperationId::kIamTagRole, tag<model::Role>},
    {OperationId::kIamTagUser, tag<model::User>},
    {OperationId::kIamUntagInstanceProfile, untag<model::InstanceProfile>},
    {OperationId::kIamUntagPolicy, untag<model::ManagedPolicy>},
    {OperationId::kIamUntagRole, untag<model::Role>},
    {OperationId::kIamUntagUser, untag<model::User>},
};

}  // namespace

ActionGroup iam_entity_actions() noexcept { return kEntityActions; }

}  // namespace meridian::api
