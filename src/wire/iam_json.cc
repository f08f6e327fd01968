#include "wire/iam_json.h"

#include <chrono>

#include "wire/uri.h"

namespace meridian::wire {

using nlohmann::json;

json role_list_item_json(model::Role const& role) {
    json value = {
        {"Path", role.path},
        {"RoleName", role.name},
        {"RoleId", role.id},
        {"Arn", role.arn()},
        {"CreateDate",
         std::chrono::duration_cast<std::chrono::seconds>(role.created.time_since_epoch()).count()},
        {"AssumeRolePolicyDocument", percent_encoded(role.assume_role_policy_document)},
        {"MaxSessionDuration", role.max_session_seconds},
    };
    if (!role.description.empty()) value["Description"] = role.description;
    return value;
}

json role_json(model::Role const& role) {
    json value = role_list_item_json(role);
    if (!role.tags.empty()) {
        json tags = json::array();
        for (auto const& [key, text] : role.tags) tags.push_back({{"Key", key}, {"Value", text}});
        value["Tags"] = std::move(tags);
    }
    value["RoleLastUsed"] = json::object();
    return value;
}

json attached_policy_json(model::AttachedPolicy const& policy) {
    return {{"PolicyName", policy.name}, {"PolicyArn", policy.arn}};
}

}  // namespace meridian::wire
