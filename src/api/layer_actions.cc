// Layers and the permissions of their versions: decode, ask the control plane, encode.

#include <fmt/format.h>

#include "api/action.h"
#include "api/code_location.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/event_time.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

std::optional<std::vector<std::string>> read_list(json const& input, char const* member) {
    return read_optional<std::vector<std::string>>(input, member);
}

// LayerName is a name or a layer's ARN. Number 0. Only some operations know another account's.
Result<model::LayerVersionId> read_layer(ActionContext const& context, json const& input) {
    auto const name = input.value("LayerName", "");
    if (name.find(':') == std::string::npos) return model::LayerVersionId{context.account, name, 0};
    MERIDIAN_TRY(auto const arn, wire::parse_layer_arn(name));
    if (arn.region != context.region)
        return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    return model::LayerVersionId{arn.account, arn.layer, 0};
}

Result<model::LayerVersionId> read_own_layer(ActionContext const& context, json const& input,
                                             std::string_view operation) {
    MERIDIAN_TRY(auto layer, read_layer(context, input));
    if (layer.account == context.account) return layer;
    return fail(Errc::kAccessDenied,
                fmt::format("User: {} is not authorized to perform: lambda:{} on resource: {} "
                            "because no resource-based policy allows the lambda:{} action",
                            context.caller.arn, operation, wire::layer_arn(context.region, layer),
                            operation));
}

Result<void> read_number(json const& input, model::LayerVersionId* to) {
    auto const number = input.value("VersionNumber", std::int64_t{0});
    if (number < 1)
        return fail(Errc::kInvalidParameterValue, "Layer Version Cannot be less than 1");
    to->number = static_cast<std::uint64_t>(number);
    return {};
}

Result<model::LayerVersionId> read_own_version(ActionContext const& context, json const& input,
                                               std::string_view operation) {
    MERIDIAN_TRY(auto what, read_own_layer(context, input, operation));
    MERIDIAN_CHECK(read_number(input, &what));
    return what;
}

// What listings show of a version.
json item_json(model::LayerVersion const& version, ActionContext const& context) {
    json out = {{"LayerVersionArn", wire::layer_arn(context.region, version.id)},
                {"Version", version.id.number},
                {"Description", version.description},
                {"CreatedDate", wire::format_last_modified(version.created)}};
    if (version.compatible_runtimes) out["CompatibleRuntimes"] = *version.compatible_runtimes;
    if (version.compatible_architectures)
        out["CompatibleArchitectures"] = *version.compatible_architectures;
    if (version.license_info) out["LicenseInfo"] = *version.license_info;
    return out;
}

json version_json(model::LayerVersion const& version, ActionContext const& context) {
    json out = item_json(version, context);
    out["LayerArn"] = wire::layer_arn(context.region, {version.id.account, version.id.layer, 0});
    json content = {{"CodeSha256", version.code.sha256.value()},
                    {"CodeSize", version.code.size_bytes}};
    if (context.code_locations != nullptr) {
        content["Location"] =
            context.code_locations->link(context.endpoint, {.account = version.id.account,
                                                            .name = version.id.layer,
                                                            .sha256 = version.code.sha256});
    }
    out["Content"] = std::move(content);
    return out;
}

io::Task<json> publish_layer_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const layer, read_own_layer(context, input, "PublishLayerVersion"));
    MERIDIAN_CO_TRY(auto package, read_code(input["Content"]));
    control::PublishLayerVersionRequest request{
        .layer = layer.layer,
        .package = std::move(package),
        .description = input.value("Description", ""),
        .compatible_runtimes = read_list(input, "CompatibleRuntimes"),
        .compatible_architectures = read_list(input, "CompatibleArchitectures"),
        .license_info = read_optional<std::string>(input, "LicenseInfo")};
    MERIDIAN_CO_TRY(auto const version, co_await services.control.layers().publish(
                                            requester(context), std::move(request)));
    co_return version_json(version, context);
}

io::Task<json> get_layer_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_layer(context, input));
    MERIDIAN_CO_CHECK(read_number(input, &what));
    MERIDIAN_CO_TRY(auto const version,
                    co_await services.control.layers().get(requester(context), std::move(what)));
    co_return version_json(version, context);
}

io::Task<json> get_layer_version_by_arn(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const arn, wire::parse_layer_arn(input.value("Arn", "")));
    if (arn.region != context.region)
        co_return fail(Errc::kResourceNotFound, "The resource you requested does not exist.");
    MERIDIAN_CO_TRY(auto const version,
                    co_await services.control.layers().get(
                        requester(context), {arn.account, arn.layer, arn.version.value_or(0)}));
    co_return version_json(version, context);
}

control::ListLayersRequest read_listing(json const& input) {
    return {.compatible_runtime = read_optional<std::string>(input, "CompatibleRuntime"),
            .compatible_architecture = read_optional<std::string>(input, "CompatibleArchitecture"),
            .marker = input.value("Marker", ""),
            .max_items = input.value("MaxItems", model::limits::kListPageMax)};
}

io::Task<json> list_layers(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page, co_await services.control.layers().list(requester(context),
                                                                             read_listing(input)));
    json layers = json::array();
    for (auto const& version : page.versions) {
        layers.push_back({{"LayerName", version.id.layer},
                          {"LayerArn", wire::layer_arn(context.region,
                                                       {version.id.account, version.id.layer, 0})},
                          {"LatestMatchingVersion", item_json(version, context)}});
    }
    json output = {{"Layers", std::move(layers)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> list_layer_versions(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const layer, read_own_layer(context, input, "ListLayerVersions"));
    MERIDIAN_CO_TRY(auto const page, co_await services.control.layers().list_versions(
                                         requester(context), layer.layer, read_listing(input)));
    json versions = json::array();
    for (auto const& version : page.versions) versions.push_back(item_json(version, context));
    json output = {{"LayerVersions", std::move(versions)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> delete_layer_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_own_version(context, input, "DeleteLayerVersion"));
    MERIDIAN_CO_CHECK(
        co_await services.control.layers().remove(requester(context), std::move(what)));
    co_return json();
}

io::Task<json> add_layer_version_permission(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_own_version(context, input, "AddLayerVersionPermission"));
    control::AddLayerPermissionRequest request{
        .what = std::move(what),
        .permission = {.statement_id = input.value("StatementId", ""),
                       .action = input.value("Action", ""),
                       .principal = input.value("Principal", ""),
                       .principal_org_id = read_optional<std::string>(input, "OrganizationId")},
        .revision_id = read_revision_id(input)};
    MERIDIAN_CO_TRY(auto added, co_await services.control.layers().add_permission(
                                    requester(context), std::move(request)));
    co_return json{{"Statement", std::move(added.statement)},
                   {"RevisionId", added.revision.value()}};
}

io::Task<json> get_layer_version_policy(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_own_version(context, input, "GetLayerVersionPolicy"));
    MERIDIAN_CO_TRY(auto const policy, co_await services.control.layers().get_policy(
                                           requester(context), std::move(what)));
    co_return json{{"Policy", policy.document.dump()}, {"RevisionId", policy.revision.value()}};
}

io::Task<json> remove_layer_version_permission(Services services, ActionContext context,
                                               json input) {
    MERIDIAN_CO_TRY(auto what, read_own_version(context, input, "RemoveLayerVersionPermission"));
    control::RemoveLayerPermissionRequest request{.what = std::move(what),
                                                  .statement_id = input.value("StatementId", ""),
                                                  .revision_id = read_revision_id(input)};
    MERIDIAN_CO_CHECK(co_await services.control.layers().remove_permission(requester(context),
                                                                           std::move(request)));
    co_return json();
}

constexpr ActionEntry kLayerActions[] = {
    {OperationId::kLambdaAddLayerVersionPermission, add_layer_version_permission},
    {OperationId::kLambdaDeleteLayerVersion, delete_layer_version},
    {OperationId::kLambdaGetLayerVersion, get_layer_version},
    {OperationId::kLambdaGetLayerVersionByArn, get_layer_version_by_arn},
    {OperationId::kLambdaGetLayerVersionPolicy, get_layer_version_policy},
    {OperationId::kLambdaListLayerVersions, list_layer_versions},
    {OperationId::kLambdaListLayers, list_layers},
    {OperationId::kLambdaPublishLayerVersion, publish_layer_version},
    {OperationId::kLambdaRemoveLayerVersionPermission, remove_layer_version_permission},
};

}  // namespace

ActionGroup layer_actions() noexcept { return kLayerActions; }

}  // namespace meridian::api
