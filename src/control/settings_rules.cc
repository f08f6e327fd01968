#include "control/settings_rules.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/limits.h"

namespace meridian::control {

namespace {

namespace limits = model::limits;

constexpr std::string_view kReservedVariables[] = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
};

struct Range {
    std::string_view member;  // as messages spell it
    int min, max;
};

Result<void> check_range(int value, Range range) {
    if (value >= range.min && value <= range.max) return {};
    bool const low = value < range.min;
    return fail(Errc::kValidation, fmt::format("1 validation error detected: Value '{}' at '{}' "
                                               "failed to satisfy constraint: Member must "
                                               "have value {} than or equal to {}",
                                               value, range.member, low ? "greater" : "less",
                                               low ? range.min : range.max));
}

}  // namespace

bool is_reserved_variable(std::string_view name) {
    return std::ranges::find(kReservedVariables, name) != std::end(kReservedVariables);
}

Result<void> check_function_name(model::FunctionName const& name) {
    if (name.value().size() <= limits::kFunctionNameCharsMax) return {};
    return fail(Errc::kInvalidParameterValue,
                fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to "
                            "satisfy constraint: "
                            "Member must have length less than or equal to {}",
                            name.value(), limits::kFunctionNameCharsMax));
}

// A zero byte ends a word of argv or of the environment: what follows it would be a variable of its
// own, and so could be a reserved one.
bool has_zero_byte(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Result<void> check_environment(model::EnvironmentVariables const& variables) {
    std::string reserved;
    for (auto const& [name, value] : variables) {
        if (!is_reserved_variable(name)) continue;
        if (!reserved.empty()) reserved += ", ";
        reserved += name;
    }
    if (!reserved.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    "Lambda was unable to configure your environment variables because the "
                    "environment variables you "
                    "have provided contains reserved keys that are currently not supported for "
                    "modification. Reserved "
                    "keys used in this request: " +
                        reserved);
    }
    for (auto const& [name, value] : variables) {
        if (!has_zero_byte(value)) continue;
        return fail(Errc::kInvalidParameterValue,
                    "Lambda was unable to configure your environment variables because the value "
                    "of " +
                        name + " contains a null character.");
    }
    auto const measured =
        nlohmann::json(variables).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (measured.size() > limits::kEnvironmentBytesMax) {
        return fail(Errc::kInvalidParameterValue,
                    "Lambda was unable to configure your environment variables because the "
                    "environment variables you "
                    "have provided exceeded the 4KB limit. String measured: " +
                        measured);
    }
    return {};
}

Result<void> check_tags(model::Tags const& tags) {
    if (tags.size() <= limits::kTagsPerResourceMax) return {};
    return fail(Errc::kInvalidParameterValue, "Number of tags exceeds resource tag limit.");
}

Result<model::FunctionSettings> changed(model::FunctionSettings settings,
                                        SettingsChange const& change) {
    if (change.description) settings.description = *change.description;
    if (change.runtime) settings.runtime = *change.runtime;
    if (change.handler) {
        if (has_zero_byte(*change.handler))
            return fail(Errc::kInvalidParameterValue, "The handler contains a null character.");
        settings.handler = *change.handler;
    }
    if (change.role_arn) settings.role_arn = *change.role_arn;
    if (change.timeout_seconds) {
        MERIDIAN_CHECK(check_range(*change.timeout_seconds, {"timeout", limits::kTimeoutSecondsMin,
                                                             limits::kTimeoutSecondsMax}));
        settings.timeout_seconds = *change.timeout_seconds;
    }
    if (change.memory_mb) {
        MERIDIAN_CHECK(check_range(*change.memory_mb,
                                   {"memorySize", limits::kMemoryMbMin, limits::kMemoryMbMax}));
        settings.memory_mb = *change.memory_mb;
    }
    if (change.ephemeral_storage_mb) {
        MERIDIAN_CHECK(check_range(*change.ephemeral_storage_mb,
                                   {"ephemeralStorage.size", limits::kEphemeralStorageMbMin,
                                    limits::kEphemeralStorageMbMax}));
        settings.ephemeral_storage_mb = *change.ephemeral_storage_mb;
    }
    if (change.environment) {
        MERIDIAN_CHECK(check_environment(*change.environment));
        settings.environment = *change.environment;
    }
    if (change.log_group) settings.log_group = *change.log_group;
    if (change.layers) settings.layers = *change.layers;
    if (change.empty_vpc_config) settings.empty_vpc_config = true;
    return settings;
}

}  // namespace meridian::control
