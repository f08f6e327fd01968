#include "invoke/environment_variables.h"

#include <map>

#include <fmt/format.h>

#include "model/runtimes.h"

namespace meridian::invoke {

std::string log_group_of(model::RunnableVersion const& function) {
    return function.version.settings.log_group.value_or("/aws/lambda/" + function.name.value());
}

std::vector<std::string> environment_variables(EnvironmentVariablesInput const& input) {
    auto const& settings = input.function.version.settings;
    std::map<std::string, std::string> values = input.bundle.environment;
    values.try_emplace("AWS_ENDPOINT_URL",
                       fmt::format("http://{}:{}", sandbox::kLoopback, sandbox::kRegionApiPort));
    if (settings.environment) {
        for (auto const& [name, value] : *settings.environment) values[name] = value;
    }
    values["_HANDLER"] = settings.handler;
    values["AWS_REGION"] = input.region.value();
    values["AWS_DEFAULT_REGION"] = input.region.value();
    if (!model::is_provided(settings.runtime)) {
        values["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + settings.runtime;
    }
    values["AWS_LAMBDA_FUNCTION_NAME"] = input.function.name.value();
    values["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = std::to_string(settings.memory_mb);
    values["AWS_LAMBDA_FUNCTION_VERSION"] = input.function.version.version.value();
    values["AWS_LAMBDA_INITIALIZATION_TYPE"] =
        input.provisioned ? "provisioned-concurrency" : "on-demand";
    values["AWS_LAMBDA_LOG_GROUP_NAME"] = input.log_group;
    values["AWS_LAMBDA_LOG_STREAM_NAME"] = input.log_stream;
    if (settings.json_logs) {
        values["AWS_LAMBDA_LOG_FORMAT"] = "JSON";
        values["AWS_LAMBDA_LOG_LEVEL"] = settings.json_logs->application;
    }
    values["AWS_ACCESS_KEY_ID"] = input.role.access_key_id;
    values["AWS_SECRET_ACCESS_KEY"] = input.role.secret_access_key;
    values["AWS_SESSION_TOKEN"] = input.role.session_token;
    values["AWS_LAMBDA_RUNTIME_API"] =
        fmt::format("{}:{}", sandbox::kLoopback, sandbox::kRuntimeApiPort);
    values["LAMBDA_TASK_ROOT"] = "/var/task";
    values["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
    values["TZ"] = ":UTC";
    if (input.bundle.telemetry_log_fd) {
        values["_LAMBDA_TELEMETRY_LOG_FD"] = std::to_string(sandbox::kTelemetryFd);
    }
    std::vector<std::string> out;
    out.reserve(values.size());
    for (auto const& [name, value] : values) out.push_back(name + "=" + value);
    return out;
}

std::vector<std::string> runtime_command(RuntimeBundle const& bundle,
                                         model::RunnableVersion const& function,
                                         std::string const& bootstrap_path) {
    if (bundle.command.empty()) return {bootstrap_path};
    std::vector<std::string> argv;
    for (auto const& word : bundle.command)
        argv.push_back(word == "{handler}" ? function.version.settings.handler : word);
    return argv;
}

}  // namespace meridian::invoke
