#include "wire/iam_json.h"

#include <chrono>

#include "wire/uri.h"

namespace meridian::wire {

using nlohmann::json;

std::int64_t iam_time(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

json iam_tags_json(model::Tags const& tags) {
    json list = json::array();
    for (auto const& [key, text] : tags) list.push_back({{"Key", key}, {"Value", text}});
    return list;
}

namespace {

json bare_role_json(model::Role const& role) {
    return {{"Path", role.path},
            {"RoleName", role.name},
            {"RoleId", role.id},
            {"Arn", role.arn()},
            {"CreateDate", iam_time(role.created)},
            {"AssumeRolePolicyDocument", percent_encoded(role.assume_role_policy_document)}};
}

json boundary_json(std::string const& arn) {
    return {{"PermissionsBoundaryType", "Policy"}, {"PermissionsBoundaryArn", arn}};
}

}  // namespace

json created_role_json(model::Role const& role) {
    auto value = bare_role_json(role);
    if (!role.permissions_boundary.empty())
        value["PermissionsBoundary"] = boundary_json(role.permissions_boundary);
    if (!role.tags.empty()) value["Tags"] = iam_tags_json(role.tags);
    return value;
}

json role_list_item_json(model::Role const& role) {
    auto value = bare_role_json(role);
    value["MaxSessionDuration"] = role.max_session_seconds;
    if (!role.description.empty()) value["Description"] = role.description;
    return value;
}

json role_json(model::Role const& role) {
    json value = role_list_item_json(role);
    if (!role.tags.empty()) value["Tags"] = iam_tags_json(role.tags);
    if (!role.permissions_boundary.empty())
        value["PermissionsBoundary"] = boundary_json(role.permissions_boundary);
    value["RoleLastUsed"] = json::object();
    return value;
}

json user_list_item_json(model::User const& user) {
    return {{"Path", user.path},
            {"UserName", user.name},
            {"UserId", user.id},
            {"Arn", user.arn()},
            {"CreateDate", iam_time(user.created)}};
}

json user_json(model::User const& user) {
    auto value = user_list_item_json(user);
    if (!user.tags.empty()) value["Tags"] = iam_tags_json(user.tags);
    if (!user.permissions_boundary.empty())
        value["PermissionsBoundary"] = boundary_json(user.permissions_boundary);
    return value;
}

json group_json(model::Group const& group) {
    return {{"Path", group.path},
            {"GroupName", group.name},
            {"GroupId", group.id},
            {"Arn", group.arn()},
            {"CreateDate", iam_time(group.created)}};
}

json instance_profile_list_item_json(model::InstanceProfile const& profile,
                                     model::Role const* role) {
    json roles = json::array();
    if (role != nullptr) roles.push_back(bare_role_json(*role));
    return {{"Path", profile.path},
            {"InstanceProfileName", profile.name},
            {"InstanceProfileId", profile.id},
            {"Arn", profile.arn()},
            {"CreateDate", iam_time(profile.created)},
            {"Roles", std::move(roles)}};
}

json instance_profile_json(model::InstanceProfile const& profile, model::Role const* role) {
    auto value = instance_profile_list_item_json(profile, role);
    if (!profile.tags.empty()) value["Tags"] = iam_tags_json(profile.tags);
    return value;
}

json access_key_json(model::AccessKey const& key, std::string const& user_name) {
    return {{"UserName", user_name},
            {"AccessKeyId", key.id.value()},
            {"Status", key.active ? "Active" : "Inactive"},
            {"CreateDate", iam_time(key.created)}};
}

json attached_policy_json(model::AttachedPolicy const& policy) {
    return {{"PolicyName", policy.name}, {"PolicyArn", policy.arn}};
}

}  // namespace meridian::wire
