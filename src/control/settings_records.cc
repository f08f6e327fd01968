#include "control/settings_records.h"

#include "control/layer_records.h"

namespace meridian::control {

using nlohmann::json;

json settings_to_json(model::FunctionSettings const& settings) {
    json value = json::object();
    value["description"] = settings.description;
    value["runtime"] = settings.runtime;
    value["handler"] = settings.handler;
    value["role_arn"] = settings.role_arn;
    value["timeout_seconds"] = settings.timeout_seconds;
    value["memory_mb"] = settings.memory_mb;
    value["ephemeral_storage_mb"] = settings.ephemeral_storage_mb;
    value["architecture"] = settings.architecture;
    if (settings.environment) value["environment"] = *settings.environment;
    if (settings.log_group) value["log_group"] = *settings.log_group;
    if (settings.json_logs) {
        value["json_logs"] = {{"application", settings.json_logs->application},
                              {"system", settings.json_logs->system}};
    }
    if (settings.vpc) {
        value["vpc"] = {{"subnet_ids", settings.vpc->subnet_ids},
                        {"security_group_ids", settings.vpc->security_group_ids},
                        {"ipv6", settings.vpc->ipv6_allowed_for_dual_stack}};
    }
    for (auto const& layer : settings.layers) value["layers"].push_back(reference_to_json(layer));
    for (auto const& file_system : settings.file_systems) {
        value["file_systems"].push_back(
            {{"arn", file_system.arn}, {"local_mount_path", file_system.local_mount_path}});
    }
    if (!settings.kms_key_arn.empty()) value["kms_key_arn"] = settings.kms_key_arn;
    if (!settings.dead_letter_target_arn.empty())
        value["dead_letter_target_arn"] = settings.dead_letter_target_arn;
    if (settings.active_tracing) value["active_tracing"] = true;
    if (settings.snap_start) value["snap_start"] = true;
    return value;
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
