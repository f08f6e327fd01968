#pragma once
// IAM's entities as the API's members. Pure; any thread. Source: the API model and the IAM API
// reference.

#include <nlohmann/json.hpp>

#include "model/identity.h"

namespace meridian::wire {

// One role as CreateRole and GetRole show it. The trust policy travels percent-encoded.
[[nodiscard]] nlohmann::json role_json(model::Role const& role);
// As CreateRole shows it, without what has a default (recorded 2026-02).
[[nodiscard]] nlohmann::json created_role_json(model::Role const& role);
// As ListRoles shows it: without tags and last use.
[[nodiscard]] nlohmann::json role_list_item_json(model::Role const& role);
// A user as CreateUser and GetUser show it; listings leave out its tags.
[[nodiscard]] nlohmann::json user_json(model::User const& user);
[[nodiscard]] nlohmann::json user_list_item_json(model::User const& user);
[[nodiscard]] nlohmann::json group_json(model::Group const& group);
// `role`: its own; null where it has none. Listings leave out its tags.
[[nodiscard]] nlohmann::json instance_profile_json(model::InstanceProfile const& profile,
                                                   model::Role const* role);
[[nodiscard]] nlohmann::json instance_profile_list_item_json(model::InstanceProfile const& profile,
                                                             model::Role const* role);
// Without its secret.
[[nodiscard]] nlohmann::json access_key_json(model::AccessKey const& key,
                                             std::string const& user_name);
[[nodiscard]] nlohmann::json iam_tags_json(model::Tags const& tags);
// Whole seconds since 1970.
[[nodiscard]] std::int64_t iam_time(WallTime time);
[[nodiscard]] nlohmann::json attached_policy_json(model::AttachedPolicy const& policy);

}  // namespace meridian::wire
