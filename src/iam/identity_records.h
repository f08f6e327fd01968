#pragma once
// IAM's entities as the account log's JSON values. Pure functions; any thread.
//
//   each     {"format":N, "name":…, "id":…, "path":…, "created_us":T}
//   user     + "attached":[{"name":…, "arn":…}], "inline":{NAME:TEXT}, "tags":{…}, "group_ids":[…]
//   group    + "attached", "inline"
//   role     + "attached", "inline" (since format 2), "tags", "description", "trust":TEXT,
//              "max_session_seconds":N
//   policy   + "tags", "description", "versions":[{"number":N, "document":TEXT, "created_us":T}],
//              "default_version":N, "last_version":N, "updated_us":T
//   instance profile + "tags", "role_name"
//   key      {"format":1, "user_id":…, "active":B, "created_us":T, "secret":BASE64 of a sealed
//   value}

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "model/identity.h"
#include "store/store.h"

namespace meridian::iam {

// Names are unique ignoring case.
template <typename Entity>
[[nodiscard]] store::Key key_for(model::AccountId const& account, std::string_view name);
template <typename Entity>
[[nodiscard]] store::Key key_of(Entity const& entity);

[[nodiscard]] nlohmann::json to_record(model::User const& user);
[[nodiscard]] nlohmann::json to_record(model::Group const& group);
[[nodiscard]] nlohmann::json to_record(model::Role const& role);
[[nodiscard]] nlohmann::json to_record(model::ManagedPolicy const& policy);
[[nodiscard]] nlohmann::json to_record(model::InstanceProfile const& profile);
[[nodiscard]] nlohmann::json to_record(model::AccessKey const& key);

// For User, Group, Role, ManagedPolicy, InstanceProfile and AccessKey. Errors: kCorrupt.
template <typename Entity>
[[nodiscard]] Result<Entity> from_record(store::Key const& key, nlohmann::json const& value);

}  // namespace meridian::iam
