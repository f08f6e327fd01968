#pragma once
// The rules that a function's settings must keep beyond the constraints of the API model. Pure
// functions; any thread. Source: Developer Guide, "Lambda quotas" and "Environment variables";
// texts as recorded.

#include <string_view>

#include "base/result.h"
#include "control/requests.h"

namespace meridian::control {

// The API model allows a function name of 140 characters for the sake of ARNs; a bare name has 64.
[[nodiscard]] Result<void> check_function_name(model::FunctionName const& name);
[[nodiscard]] Result<void> check_environment(model::EnvironmentVariables const& variables);
[[nodiscard]] Result<void> check_tags(model::Tags const& tags);

// Whether AWS sets this variable itself, so that nobody else may.
[[nodiscard]] bool is_reserved_variable(std::string_view name);

// `settings` with `change` over it, or the first rule that it breaks.
[[nodiscard]] Result<model::FunctionSettings> changed(model::FunctionSettings settings,
                                                      SettingsChange const& change);

}  // namespace meridian::control
