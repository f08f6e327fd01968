#include "control/settings_records.h"

#include "control/layer_records.h"

namespace meridian::control {

using nlohmann::json;

WrittenEnvironment write_settings(JsonWriter& out, model::FunctionSettings const& settings) {
    WrittenEnvironment environment;
    out.begin_object();
    if (settings.active_tracing) out.member("active_tracing", true);
    out.member("architecture", settings.architecture);
    out.member_with_content("dead_letter_target_arn", settings.dead_letter_target_arn);
    out.member("description", settings.description);
    if (settings.environment) {
        out.name("environment");
        environment.at = out.size();
        out.value(*settings.environment);
        if (!settings.environment->empty()) environment.bytes = out.size() - environment.at;
    }
    out.member("ephemeral_storage_mb", settings.ephemeral_storage_mb);
    if (!settings.file_systems.empty()) {
        out.begin_array("file_systems");
        for (auto const& file_system : settings.file_systems) {
            out.begin_object();
            out.member("arn", file_system.arn);
            out.member("local_mount_path", file_system.local_mount_path);
            out.end_object();
        }
        out.end_array();
    }
    out.member("handler", settings.handler);
    if (settings.json_logs) {
        out.begin_object("json_logs");
        out.member("application", settings.json_logs->application);
        out.member("system", settings.json_logs->system);
        out.end_object();
    }
    out.member_with_content("kms_key_arn", settings.kms_key_arn);
    if (!settings.layers.empty()) {
        out.begin_array("layers");
        for (auto const& layer : settings.layers) write_reference(out, layer);
        out.end_array();
    }
    if (settings.log_group) out.member("log_group", *settings.log_group);
    out.member("memory_mb", settings.memory_mb);
    out.member("role_arn", settings.role_arn);
    out.member("runtime", settings.runtime);
    if (settings.snap_start) out.member("snap_start", true);
    out.member("timeout_seconds", settings.timeout_seconds);
    if (settings.vpc) {
        out.begin_object("vpc");
        out.member("ipv6", settings.vpc->ipv6_allowed_for_dual_stack);
        out.member("security_group_ids", settings.vpc->security_group_ids);
        out.member("subnet_ids", settings.vpc->subnet_ids);
        out.end_object();
    }
    out.end_object();
    return environment;
}

model::FunctionSettings settings_from_json(json const& value) {
    model::FunctionSettings settings;
    settings.description = value.at("description").get<std::string>();
    settings.runtime = value.at("runtime").get<std::string>();
    settings.handler = value.at("handler").get<std::string>();
    settings.role_arn = value.at("role_arn").get<std::string>();
    settings.timeout_seconds = value.at("timeout_seconds").get<int>();
    settings.memory_mb = value.at("memory_mb").get<int>();
    settings.ephemeral_storage_mb = value.at("ephemeral_storage_mb").get<int>();
    settings.architecture = value.at("architecture").get<std::string>();
    if (value.contains("environment")) {
        settings.environment = value["environment"].get<model::EnvironmentVariables>();
    }
    if (value.contains("log_group")) settings.log_group = value["log_group"].get<std::string>();
    if (value.contains("json_logs")) {
        auto const& levels = value["json_logs"];
        settings.json_logs = model::LogLevels{levels.at("application").get<std::string>(),
                                              levels.at("system").get<std::string>()};
    }
    if (value.value("empty_vpc_config", false)) settings.vpc.emplace();
    if (value.contains("vpc")) {
        using Texts = std::vector<std::string>;
        auto const& vpc = value["vpc"];
        settings.vpc =
            model::VpcConfig{vpc.at("subnet_ids").get<Texts>(),
                             vpc.at("security_group_ids").get<Texts>(), vpc.at("ipv6").get<bool>()};
    }
    for (auto const& layer : value.value("layers", json::array()))
        settings.layers.push_back(reference_from_json(layer));
    for (auto const& file_system : value.value("file_systems", json::array())) {
        settings.file_systems.push_back({file_system.at("arn").get<std::string>(),
                                         file_system.at("local_mount_path").get<std::string>()});
    }
    settings.kms_key_arn = value.value("kms_key_arn", "");
    settings.dead_letter_target_arn = value.value("dead_letter_target_arn", "");
    settings.active_tracing = value.value("active_tracing", false);
    settings.snap_start = value.value("snap_start", false);
    return settings;
}

}  // namespace meridian::control
