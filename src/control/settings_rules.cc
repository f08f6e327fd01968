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

// JSON brings levels, text takes them away (recorded).
Result<std::optional<model::LogLevels>> changed_logs(std::optional<model::LogLevels> logs,
                                                     LoggingChange const& change) {
    if (change.format == "Text") logs.reset();
    if (change.format == "JSON" && !logs) logs.emplace();
    if (!logs) {
        if (!change.application_level && !change.system_level) return logs;
        return fail(Errc::kInvalidParameterValue,
                    "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel "
                    "from your request or change the LogFormat to \"Json\" and try again.");
    }
    if (change.application_level) logs->application = *change.application_level;
    if (change.system_level) logs->system = *change.system_level;
    return logs;
}

Result<model::VpcConfig> changed_vpc(model::VpcConfig vpc, VpcChange const& change) {
    if (change.subnet_ids) vpc.subnet_ids = *change.subnet_ids;
    if (change.security_group_ids) vpc.security_group_ids = *change.security_group_ids;
    if (change.ipv6_allowed_for_dual_stack)
        vpc.ipv6_allowed_for_dual_stack = *change.ipv6_allowed_for_dual_stack;
    if (vpc.subnet_ids.empty() == vpc.security_group_ids.empty()) return vpc;
    return fail(Errc::kInvalidParameterValue,
                "SubnetIds and SecurityIds must coexist or be both empty list.");
}

// Developer Guide, "Lambda SnapStart": Java from 11, Python from 3.12, .NET from 8.
bool can_snap_start(std::string const& runtime) {
    constexpr std::string_view kNever[] = {"java8",      "java8.al2",  "java8.al2023", "python2.7",
                                           "python3.6",  "python3.7",  "python3.8",    "python3.9",
                                           "python3.10", "python3.11", "dotnet6"};
    bool const language = runtime.starts_with("java") || runtime.starts_with("python") ||
                          (runtime.starts_with("dotnet") && !runtime.starts_with("dotnetcore"));
    return language && std::ranges::find(kNever, runtime) == std::end(kNever);
}

Result<void> check_snap_start(model::FunctionSettings const& settings) {
    if (!settings.snap_start) return {};
    auto const refuse = [](std::string const& what) {
        return fail(Errc::kInvalidParameterValue,
                    what + " is not supported for SnapStart enabled functions.");
    };
    if (!can_snap_start(settings.runtime)) return refuse(settings.runtime);
    // Texts: a guess from the one above.
    if (!settings.file_systems.empty()) return refuse("FileSystemConfigs");
    if (settings.ephemeral_storage_mb > limits::kEphemeralStorageMbDefault)
        return refuse("EphemeralStorage");
    return {};
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

// Whether its JSON is within the limit however it is escaped: measuring is most of the work.
bool surely_fits(model::EnvironmentVariables const& variables) {
    constexpr std::size_t kEscapedBytesMax = 6;      // of one byte: "\u0000"
    constexpr std::size_t kPunctuationBytesMax = 6;  // of one variable: "":"",
    std::size_t bytes = 2;
    for (auto const& [name, value] : variables)
        bytes += (name.size() + value.size()) * kEscapedBytesMax + kPunctuationBytesMax;
    return bytes <= limits::kEnvironmentBytesMax;
}

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
    if (surely_fits(variables)) return {};
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
    if (change.logging.log_group) settings.log_group = *change.logging.log_group;
    MERIDIAN_TRY(settings.json_logs, changed_logs(settings.json_logs, change.logging));
    if (change.vpc) {
        MERIDIAN_TRY(settings.vpc,
                     changed_vpc(settings.vpc.value_or(model::VpcConfig{}), *change.vpc));
    }
    if (change.layers) settings.layers = *change.layers;
    if (change.file_systems) settings.file_systems = *change.file_systems;
    if (change.kms_key_arn) settings.kms_key_arn = *change.kms_key_arn;
    if (change.dead_letter_target_arn)
        settings.dead_letter_target_arn = *change.dead_letter_target_arn;
    if (change.active_tracing) settings.active_tracing = *change.active_tracing;
    if (change.snap_start) settings.snap_start = *change.snap_start;
    MERIDIAN_CHECK(check_snap_start(settings));
    if (!settings.file_systems.empty() && (!settings.vpc || settings.vpc->subnet_ids.empty())) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("Function must be configured to execute in a VPC to reference "
                                "access point {}.",
                                settings.file_systems.front().arn));
    }
    return settings;
}

}  // namespace meridian::control
