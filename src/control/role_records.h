#pragma once
// IAM roles as the account log's JSON values. Pure functions; any thread.
//
//   role  {"format":1, "name":…, "id":…, "path":…, "description":…, "trust":TEXT,
//   "max_session_seconds":N,
//          "created_us":N, "tags":{…}, "attached":[{"name":…, "arn":…}, …]}

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "model/role.h"
#include "store/store.h"

namespace meridian::control {

inline constexpr int kRoleFormat = 1;

// IAM names are unique ignoring case.
[[nodiscard]] store::Key role_key(model::AccountId const& account, std::string_view name);
[[nodiscard]] nlohmann::json role_to_json(model::Role const& role);
// Errors: kCorrupt.
[[nodiscard]] Result<model::Role> role_from_record(store::Key const& key,
                                                   nlohmann::json const& value);

}  // namespace meridian::control
