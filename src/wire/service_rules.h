#pragma once
// What the service checks itself after the model's constraints, and answers with another exception
// though in the same words. Pure; any thread. Source: recorded answers (behaviour of CreateFunction
// with a long name and with an unknown runtime).

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "wire/api_model.h"

namespace meridian::wire {

// `input` satisfies the model. kInvalidParameterValue.
[[nodiscard]] Result<void> check_service_rules(Operation const& operation,
                                               nlohmann::json const& input);

// What is said of a runtime that nobody knows: unlike of every other enumeration without quotes,
// and with those alone that are supported.
[[nodiscard]] std::string unknown_runtime(std::string_view runtime);

}  // namespace meridian::wire
