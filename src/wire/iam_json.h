#pragma once
// IAM's entities as the API's members. Pure; any thread. Source: the API model and the IAM API
// reference.

#include <nlohmann/json.hpp>

#include "model/role.h"

namespace meridian::wire {

// One role as CreateRole and GetRole show it. The trust policy travels percent-encoded.
[[nodiscard]] nlohmann::json role_json(model::Role const& role);
// As ListRoles shows it: without tags and last use.
[[nodiscard]] nlohmann::json role_list_item_json(model::Role const& role);
[[nodiscard]] nlohmann::json attached_policy_json(model::AttachedPolicy const& policy);

}  // namespace meridian::wire
