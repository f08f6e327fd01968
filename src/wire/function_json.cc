#include "wire/function_json.h"

#include <functional>
#include <map>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "wire/api_model.h"
#include "wire/arn.h"
#include "wire/event_time.h"

namespace meridian::wire {

namespace {

std::string runtime_version(std::string_view runtime) {
    static auto const known = [] {
        std::map<std::string, std::string, std::less<>> versions;
        for (auto const name : enum_values(*find_shape(Service::kLambda, "Runtime")))
            versions.emplace(name, crypto::sha256_hex(name));
        return versions;
    }();
    auto const found = known.find(runtime);
    return found == known.end() ? crypto::sha256_hex(runtime) : found->second;
}

void write_logging(JsonWriter& out, model::RunnableVersion const& version) {
    auto const& settings = version.version.settings;
    out.begin_object("LoggingConfig");
    out.member("LogFormat", settings.json_logs ? "JSON" : "Text");
    if (settings.json_logs) {
        out.member("ApplicationLogLevel", settings.json_logs->application);
        out.member("SystemLogLevel", settings.json_logs->system);
    }
    out.member("LogGroup", settings.log_group.value_or("/aws/lambda/" + version.name.value()));
    out.end_object();
}

void write_vpc(JsonWriter& out, model::VpcConfig const& vpc) {
    out.begin_object("VpcConfig");
    out.member("SubnetIds", vpc.subnet_ids);
    out.member("SecurityGroupIds", vpc.security_group_ids);
    out.member("Ipv6AllowedForDualStack", vpc.ipv6_allowed_for_dual_stack);
    // Nobody here knows which VPC a subnet is in.
    if (vpc.subnet_ids.empty()) out.member("VpcId", "");
    out.end_object();
}

void write_layers(JsonWriter& out, std::vector<model::LayerReference> const& layers,
                  model::RegionName const& region) {
    if (layers.empty()) return;
    out.begin_array("Layers");
    for (auto const& layer : layers) {
        out.begin_object();
        out.member("Arn", layer_arn(region, layer.id));
        out.member("CodeSize", layer.code.size_bytes);
        out.end_object();
    }
    out.end_array();
}

void write_file_systems(JsonWriter& out, std::vector<model::FileSystemConfig> const& systems) {
    if (systems.empty()) return;
    out.begin_array("FileSystemConfigs");
    for (auto const& system : systems) {
        out.begin_object();
        out.member("Arn", system.arn);
        out.member("LocalMountPath", system.local_mount_path);
        out.end_object();
    }
    out.end_array();
}

// The members that a list shows, too.
void write_members(JsonWriter& out, model::RunnableVersion const& version,
                   model::RegionName const& region, std::string_view arn) {
    auto const& definition = version.version;
    auto const& settings = definition.settings;
    out.member("FunctionName", version.name.value());
    out.member("FunctionArn", arn);
    out.member("Runtime", settings.runtime);
    out.member("Role", settings.role_arn);
    out.member("Handler", settings.handler);
    out.member("CodeSize", definition.code.size_bytes);
    out.member("Description", settings.description);
    out.member("Timeout", settings.timeout_seconds);
    out.member("MemorySize", settings.memory_mb);
    out.member("LastModified", format_last_modified(definition.last_modified));
    out.member("CodeSha256", definition.code.sha256.value());
    out.member("Version", definition.version.value());
    out.begin_object("TracingConfig");
    out.member("Mode", settings.active_tracing ? "Active" : "PassThrough");
    out.end_object();
    out.member("RevisionId", model::visible_revision(definition.revision, version.status).value());
    out.member("PackageType", "Zip");
    out.begin_array("Architectures");
    out.value(settings.architecture);
    out.end_array();
    out.begin_object("EphemeralStorage");
    out.member("Size", settings.ephemeral_storage_mb);
    out.end_object();
    // Nothing is snapshotted here.
    out.begin_object("SnapStart");
    out.member("ApplyOn", settings.snap_start ? "PublishedVersions" : "None");
    out.member("OptimizationStatus", "Off");
    out.end_object();
    write_logging(out, version);
    write_layers(out, settings.layers, region);
    if (settings.environment) {
        out.begin_object("Environment");
        out.member("Variables", *settings.environment);
        out.end_object();
    }
    if (settings.vpc) write_vpc(out, *settings.vpc);
    write_file_systems(out, settings.file_systems);
    out.member_with_content("KMSKeyArn", settings.kms_key_arn);
    if (!settings.dead_letter_target_arn.empty()) {
        out.begin_object("DeadLetterConfig");
        out.member("TargetArn", settings.dead_letter_target_arn);
        out.end_object();
    }
}

}  // namespace

std::string runtime_version_arn(model::RegionName const& region, std::string_view runtime) {
    return fmt::format("arn:{}:lambda:{}::runtime:{}", partition_of(region), region.value(),
                       runtime_version(runtime));
}

std::string function_arn(model::RunnableVersion const& version, model::RegionName const& region,
                         ArnForm form) {
    std::optional<model::Qualifier> qualifier;
    if (form == ArnForm::kQualified) qualifier = model::Qualifier(version.version.version.value());
    return function_arn(region, version.account, version.name, qualifier);
}

void write_function_list_item(JsonWriter& out, model::RunnableVersion const& version,
                              model::RegionName const& region, std::string_view arn) {
    out.begin_object();
    write_members(out, version, region, arn);
    out.end_object();
}

void write_function_configuration(JsonWriter& out, model::RunnableVersion const& version,
                                  model::RegionName const& region, std::string_view arn) {
    auto const& status = version.status;
    out.begin_object();
    write_members(out, version, region, arn);
    out.member("State", model::name_of(status.state));
    out.member_with_content("StateReason", status.state_reason);
    out.member_with_content("StateReasonCode", status.state_reason_code);
    // A function that is not there yet was not updated either (recorded).
    if (status.state != model::State::kPending) {
        out.member("LastUpdateStatus", model::name_of(status.last_update));
        out.member_with_content("LastUpdateStatusReason", status.last_update_reason);
        out.member_with_content("LastUpdateStatusReasonCode", status.last_update_reason_code);
    }
    out.begin_object("RuntimeVersionConfig");
    out.member("RuntimeVersionArn", runtime_version_arn(region, version.version.settings.runtime));
    out.end_object();
    out.end_object();
}

}  // namespace meridian::wire
