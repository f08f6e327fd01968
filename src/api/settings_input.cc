#include "api/settings_input.h"

#include "api/lambda_actions_input.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

// Members whose every content is beyond this version.
constexpr char const* kRefusedWithContent[] = {
    "ImageConfig", "DurableConfig", "TenancyConfig", "CapacityProviderConfig", "PublishTo",
};

Result<void> refuse_unsupported(json const& input) {
    for (auto const* member : kRefusedWithContent) {
        if (has_content(input, member)) return unsupported(member);
    }
    // DurableConfig asks for a durable function even where it is empty.
    if (input.contains("DurableConfig")) return unsupported("DurableConfig");
    if (input.value("PackageType", "") == "Image") return unsupported("PackageType Image");
    return {};
}

control::VpcChange read_vpc(json const& vpc) {
    return {.subnet_ids = read_optional<Texts>(vpc, "SubnetIds"),
            .security_group_ids = read_optional<Texts>(vpc, "SecurityGroupIds"),
            .ipv6_allowed_for_dual_stack = read_optional<bool>(vpc, "Ipv6AllowedForDualStack")};
}

control::LoggingChange read_logging(json const& logging) {
    control::LoggingChange change{
        .format = read_optional<std::string>(logging, "LogFormat"),
        .application_level = read_optional<std::string>(logging, "ApplicationLogLevel"),
        .system_level = read_optional<std::string>(logging, "SystemLogLevel")};
    if (has_content(logging, "LogGroup")) change.log_group = logging["LogGroup"];
    return change;
}

std::vector<model::FileSystemConfig> read_file_systems(json const& configs) {
    std::vector<model::FileSystemConfig> out;
    for (auto const& config : configs)
        out.push_back({config.value("Arn", ""), config.value("LocalMountPath", "")});
    return out;
}

}  // namespace

Result<control::SettingsChange> read_settings(json const& input) {
    MERIDIAN_CHECK(refuse_unsupported(input));
    using Text = std::string;
    control::SettingsChange change;
    change.description = read_optional<Text>(input, "Description");
    change.runtime = read_optional<Text>(input, "Runtime");
    change.handler = read_optional<Text>(input, "Handler");
    change.role_arn = read_optional<Text>(input, "Role");
    change.timeout_seconds = read_optional<int>(input, "Timeout");
    change.memory_mb = read_optional<int>(input, "MemorySize");
    if (input.contains("EphemeralStorage"))
        change.ephemeral_storage_mb = input["EphemeralStorage"].value("Size", 0);
    if (input.contains("Environment")) {
        change.environment = input["Environment"].value("Variables", model::EnvironmentVariables{});
    }
    if (input.contains("LoggingConfig")) change.logging = read_logging(input["LoggingConfig"]);
    change.layer_arns = read_optional<Texts>(input, "Layers");
    if (input.contains("VpcConfig")) change.vpc = read_vpc(input["VpcConfig"]);
    if (input.contains("FileSystemConfigs"))
        change.file_systems = read_file_systems(input["FileSystemConfigs"]);
    change.kms_key_arn = read_optional<Text>(input, "KMSKeyArn");
    if (input.contains("DeadLetterConfig")) {
        change.dead_letter_target_arn = read_optional<Text>(input["DeadLetterConfig"], "TargetArn");
    }
    if (input.contains("TracingConfig")) {
        if (auto const mode = read_optional<Text>(input["TracingConfig"], "Mode"))
            change.active_tracing = *mode == "Active";
    }
    if (input.contains("SnapStart")) {
        if (auto const apply_on = read_optional<Text>(input["SnapStart"], "ApplyOn"))
            change.snap_start = *apply_on == "PublishedVersions";
    }
    return change;
}

Result<void> check_architectures(json const& input) {
    auto const found = input.find("Architectures");
    if (found == input.end()) return {};
    for (auto const& architecture : *found) {
        if (architecture != "x86_64")
            return unsupported("Architecture " + architecture.get<std::string>());
    }
    return {};
}

}  // namespace meridian::api
