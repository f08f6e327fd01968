#pragma once
// A function's settings as members of its records (function_records.h), which have the format
// number. Pure; any thread.
//
//   {"description":…, "runtime":…, "handler":…, "role_arn":…, "timeout_seconds":N, "memory_mb":N,
//    "ephemeral_storage_mb":N, "architecture":…}, and where they are set:
//   "environment":{…}, "log_group":…, "json_logs":{"application":…, "system":…},
//   "vpc":{"subnet_ids":[…], "security_group_ids":[…], "ipv6":B}, "layers":[…] (layer_records.h),
//   "file_systems":[{"arn":…, "local_mount_path":…}], "kms_key_arn":…, "dead_letter_target_arn":…,
//   "active_tracing":true, "snap_start":true
//
// Format 1 has none of "layers" and what follows it, nor "json_logs"; its "empty_vpc_config":true
// is a "vpc" without members.

#include <cstddef>

#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "model/function_settings.h"

namespace meridian::control {

// The environment variables' part of a writer's text; no bytes: there are none.
struct WrittenEnvironment {
    std::size_t at = 0;
    std::size_t bytes = 0;
};
// Members in order.
WrittenEnvironment write_settings(JsonWriter& out, model::FunctionSettings const& settings);
// Throws nlohmann::json::exception: for use within store::guarded().
[[nodiscard]] model::FunctionSettings settings_from_json(nlohmann::json const& value);

}  // namespace meridian::control
