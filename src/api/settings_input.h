#pragma once
// A function's settings in AWS's requests. What this version does not have is refused here, by
// name; it is never accepted and ignored. What is kept and does nothing:
// docs/operating/settings.md. Pure; any thread.

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "control/requests.h"

namespace meridian::api {

// Settings of CreateFunction and UpdateFunctionConfiguration.
[[nodiscard]] Result<control::SettingsChange> read_settings(nlohmann::json const& input);

// Architectures must be x86_64 where it is given.
[[nodiscard]] Result<void> check_architectures(nlohmann::json const& input);

}  // namespace meridian::api
