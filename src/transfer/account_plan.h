#pragma once
// The steps for what functions need: roles and policies of IAM, layers with the same numbers, code
// signing configs. What the target alone has stays, and is noted. Pure.

#include <map>
#include <vector>

#include "transfer/steps.h"

namespace meridian::transfer {

// `there` is null where the target has none.
[[nodiscard]] Unit plan_policy(std::string const& arn, nlohmann::json const& wanted,
                               nlohmann::json const& there);
[[nodiscard]] Unit plan_role(std::string const& arn, nlohmann::json const& wanted,
                             nlohmann::json const& there);
// All versions of one layer, by number; `there` are those of the target. Numbers that are missing
// are given to fillers, as with functions.
[[nodiscard]] Unit plan_layer(std::vector<LayerVersionRecord> const& wanted,
                              std::vector<LayerVersionRecord> const& there);
// One with the same content is the same one: `bindings` gets its ARN at the target.
[[nodiscard]] Unit plan_code_signing_config(std::string const& arn, nlohmann::json const& wanted,
                                            std::map<std::string, nlohmann::json> const& there,
                                            std::map<std::string, std::string>& bindings);

}  // namespace meridian::transfer
