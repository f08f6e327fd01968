#pragma once
// AddPermission's and AddLayerVersionPermission's input for a statement of a resource policy. Pure.

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::transfer {

// kInvalidParameterValue for a statement that the action cannot say (a Deny, a condition of its
// own), with the reason.
[[nodiscard]] Result<nlohmann::json> permission_of(nlohmann::json const& statement);
[[nodiscard]] Result<nlohmann::json> layer_permission_of(nlohmann::json const& statement);

}  // namespace meridian::transfer
