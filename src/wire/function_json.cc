#include "wire/function_json.h"

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "wire/arn.h"
#include "wire/event_time.h"

namespace meridian::wire {

namespace {

using nlohmann::json;

// AWS names the exact runtime build here; ours is one value a runtime name.
std::string runtime_version_arn(std::string_view runtime, model::RegionName const& region) {
    return fmt::format("arn:{}:lambda:{}::runtime:{}", partition_of(region), region.value(),
                       crypto::sha256_hex(runtime));
}

void put(json& value, char const* member, std::string const& text) {
    if (!text.empty()) value[member] = text;
}

}  // namespace

json function_list_item_json(model::RunnableVersion const& version, model::RegionName const& region,
                             ArnForm arn) {
    auto const& definition = version.version;
    auto const& settings = definition.settings;
    std::optional<model::Qualifier> qualifier;
    if (arn == ArnForm::kQualified) qualifier = model::Qualifier(definition.version.value());
    // Member by member: a list of pairs costs three times as much, and lists show many of these.
    json value = json::object();
    value["FunctionName"] = version.name.value();
    value["FunctionArn"] = function_arn(region, version.account, version.name, qualifier);
    value["Runtime"] = settings.runtime;
    value["Role"] = settings.role_arn;
    value["Handler"] = settings.handler;
    value["CodeSize"] = definition.code.size_bytes;
    value["Description"] = settings.description;
    value["Timeout"] = settings.timeout_seconds;
    value["MemorySize"] = settings.memory_mb;
    value["LastModified"] = format_last_modified(definition.last_modified);
    value["CodeSha256"] = definition.code.sha256.value();
    value["Version"] = definition.version.value();
    value["TracingConfig"]["Mode"] = settings.active_tracing ? "Active" : "PassThrough";
    value["RevisionId"] = model::visible_revision(definition.revision, version.status).value();
    value["PackageType"] = "Zip";
    value["Architectures"].push_back(settings.architecture);
    value["EphemeralStorage"]["Size"] = settings.ephemeral_storage_mb;
    // Nothing is snapshotted here.
    auto& snap_start = value["SnapStart"];
    snap_start["ApplyOn"] = settings.snap_start ? "PublishedVersions" : "None";
    snap_start["OptimizationStatus"] = "Off";
    auto& logging = value["LoggingConfig"];
    logging["LogFormat"] = settings.json_logs ? "JSON" : "Text";
    logging["LogGroup"] = settings.log_group.value_or("/aws/lambda/" + version.name.value());
    if (settings.json_logs) {
        logging["ApplicationLogLevel"] = settings.json_logs->application;
        logging["SystemLogLevel"] = settings.json_logs->system;
    }
    for (auto const& layer : settings.layers) {
        value["Layers"].push_back(
            {{"Arn", layer_arn(region, layer.id)}, {"CodeSize", layer.code.size_bytes}});
    }
    if (settings.environment) value["Environment"]["Variables"] = *settings.environment;
    if (settings.vpc) {
        value["VpcConfig"] = {
            {"SubnetIds", settings.vpc->subnet_ids},
            {"SecurityGroupIds", settings.vpc->security_group_ids},
            {"Ipv6AllowedForDualStack", settings.vpc->ipv6_allowed_for_dual_stack}};
        // Nobody here knows which VPC a subnet is in.
        if (settings.vpc->subnet_ids.empty()) value["VpcConfig"]["VpcId"] = "";
    }
    for (auto const& file_system : settings.file_systems) {
        value["FileSystemConfigs"].push_back(
            {{"Arn", file_system.arn}, {"LocalMountPath", file_system.local_mount_path}});
    }
    put(value, "KMSKeyArn", settings.kms_key_arn);
    if (!settings.dead_letter_target_arn.empty())
        value["DeadLetterConfig"] = {{"TargetArn", settings.dead_letter_target_arn}};
    return value;
}

json function_configuration_json(model::RunnableVersion const& version,
                                 model::RegionName const& region, ArnForm arn) {
    json value = function_list_item_json(version, region, arn);
    auto const& status = version.status;
    value["State"] = model::name_of(status.state);
    put(value, "StateReason", status.state_reason);
    put(value, "StateReasonCode", status.state_reason_code);
    // A function that is not there yet was not updated either (recorded).
    if (status.state != model::State::kPending) {
        value["LastUpdateStatus"] = model::name_of(status.last_update);
        put(value, "LastUpdateStatusReason", status.last_update_reason);
        put(value, "LastUpdateStatusReasonCode", status.last_update_reason_code);
    }
    value["RuntimeVersionConfig"]["RuntimeVersionArn"] =
        runtime_version_arn(version.version.settings.runtime, region);
    return value;
}

}  // namespace meridian::wire
