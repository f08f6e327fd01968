// Lambda's operations but for Invoke: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/code_location.h"
#include "api/lambda_actions_input.h"
#include "api/settings_input.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/function_json.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

std::string arn_of(control::FunctionView const& view, ActionContext const& context) {
    auto const& version = view.version;
    if (view.alias)
        return wire::function_arn(context.region, version.account, version.name, view.alias);
    return wire::function_arn(
        version, context.region,
        view.qualified_arn ? wire::ArnForm::kQualified : wire::ArnForm::kUnqualified);
}

void write(JsonWriter& out, control::FunctionView const& view, ActionContext const& context) {
    wire::write_function_configuration(out, view.version, context.region, arn_of(view, context));
}

std::string shown(control::FunctionView const& view, ActionContext const& context) {
    JsonWriter out;
    write(out, view, context);
    return out.text();
}

std::string shown(control::FunctionPage const& page, ActionContext const& context,
                  char const* member) {
    JsonWriter out;
    out.begin_object();
    out.begin_array(member);
    for (auto const& view : page.functions) {
        wire::write_function_list_item(out, view.version, context.region, arn_of(view, context));
    }
    out.end_array();
    out.member_with_content("NextMarker", page.next_marker);
    out.end_object();
    return out.text();
}

io::Task<std::string> create_function(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, read_new_function_name(context, input));
    MERIDIAN_CO_TRY(auto settings, read_settings(input));
    MERIDIAN_CO_CHECK(check_architectures(input));
    MERIDIAN_CO_TRY(auto package, read_code(input["Code"]));
    control::CreateFunctionRequest request{
        .name = std::move(name),
        .settings = std::move(settings),
        .package = std::move(package),
        .code_signing_config_arn = input.value("CodeSigningConfigArn", ""),
        .tags = input.value("Tags", model::Tags{}),
        .publish = input.value("Publish", false)};
    MERIDIAN_CO_TRY(auto view, co_await services.control.create_function(requester(context),
                                                                         std::move(request)));
    co_return shown(view, context);
}

io::Task<std::string> get_function(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "GetFunction"));
    MERIDIAN_CO_TRY(auto details,
                    co_await services.control.get_function(requester(context), std::move(what)));
    auto const& version = details.view.version;
    JsonWriter out;
    out.begin_object();
    out.name("Configuration");
    write(out, details.view, context);
    out.begin_object("Code");
    out.member("RepositoryType", "S3");
    if (context.code_locations != nullptr) {
        out.member("Location", context.code_locations->link(
                                   context.endpoint, {.account = version.account,
                                                      .name = version.name.value(),
                                                      .sha256 = version.version.code.sha256}));
    }
    out.end_object();
    if (!details.tags.empty()) out.member("Tags", details.tags);
    if (details.reserved_concurrency) {
        out.begin_object("Concurrency");
        out.member("ReservedConcurrentExecutions", *details.reserved_concurrency);
        out.end_object();
    }
    out.end_object();
    co_return out.text();
}

io::Task<std::string> get_function_configuration(Services services, ActionContext context,
                                                 json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "GetFunctionConfiguration"));
    MERIDIAN_CO_TRY(auto details,
                    co_await services.control.get_function(requester(context), std::move(what)));
    co_return shown(details.view, context);
}

io::Task<std::string> list_functions(Services services, ActionContext context, json input) {
    if (input.contains("MasterRegion")) co_return unsupported("MasterRegion");
    control::ListFunctionsRequest request{
        .all_versions = input.value("FunctionVersion", "") == "ALL",
        .marker = input.value("Marker", ""),
        .max_items = input.value("MaxItems", model::limits::kListPageMax)};
    MERIDIAN_CO_TRY(auto page, co_await services.control.list_functions(requester(context),
                                                                        std::move(request)));
    co_return shown(page, context, "Functions");
}

io::Task<std::string> update_function_code(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, read_function(context, input, "UpdateFunctionCode"));
    if (input.contains("PublishTo")) co_return unsupported("PublishTo");
    MERIDIAN_CO_CHECK(check_architectures(input));
    // Every function of this version is a Zip.
    if (!input.value("ImageUri", "").empty()) {
        co_return fail(Errc::kInvalidParameterValue,
                       "Please don't provide ImageUri when updating a function with packageType "
                       "Zip.");
    }
    MERIDIAN_CO_TRY(auto package, read_code(input));
    control::UpdateFunctionCodeRequest request{.name = std::move(name),
                                               .package = std::move(package),
                                               .publish = input.value("Publish", false),
                                               .dry_run = input.value("DryRun", false),
                                               .revision_id = read_revision_id(input)};
    MERIDIAN_CO_TRY(auto view, co_await services.control.update_function_code(requester(context),
                                                                              std::move(request)));
    co_return shown(view, context);
}

io::Task<std::string> update_function_configuration(Services services, ActionContext context,
                                                    json input) {
    MERIDIAN_CO_TRY(auto name, read_function(context, input, "UpdateFunctionConfiguration"));
    MERIDIAN_CO_TRY(auto settings, read_settings(input));
    control::UpdateFunctionConfigurationRequest request{.name = std::move(name),
                                                        .settings = std::move(settings),
                                                        .revision_id = read_revision_id(input)};
    MERIDIAN_CO_TRY(auto view, co_await services.control.update_function_configuration(
                                   requester(context), std::move(request)));
    co_return shown(view, context);
}

io::Task<json> delete_function(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "DeleteFunction"));
    MERIDIAN_CO_CHECK(
        co_await services.control.delete_function(requester(context), std::move(what)));
    co_return json{{"StatusCode", 204}};
}

io::Task<std::string> publish_version(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto name, read_function(context, input, "PublishVersion"));
    if (input.contains("PublishTo")) co_return unsupported("PublishTo");
    control::PublishVersionRequest request{.name = std::move(name),
                                           .revision_id = read_revision_id(input)};
    if (input.contains("CodeSha256"))
        request.code_sha256 = model::CodeSha256(input["CodeSha256"].get<std::string>());
    if (input.contains("Description"))
        request.description = input["Description"].get<std::string>();
    MERIDIAN_CO_TRY(auto view, co_await services.control.publish_version(requester(context),
                                                                         std::move(request)));
    co_return shown(view, context);
}

io::Task<std::string> list_versions_by_function(Services services, ActionContext context,
                                                json input) {
    MERIDIAN_CO_TRY(auto name, read_function(context, input, "ListVersionsByFunction"));
    control::ListVersionsRequest request{
        .name = std::move(name),
        .marker = input.value("Marker", ""),
        .max_items = input.value("MaxItems", model::limits::kListPageMax)};
    MERIDIAN_CO_TRY(auto page, co_await services.control.list_versions_by_function(
                                   requester(context), std::move(request)));
    co_return shown(page, context, "Versions");
}

io::Task<json> get_account_settings(Services services, ActionContext context, json) {
    namespace limits = model::limits;
    MERIDIAN_CO_TRY(auto settings,
                    co_await services.control.get_account_settings(requester(context)));
    co_return json{
        {"AccountLimit",
         {{"TotalCodeSize", limits::kCodeStorageBytesMax},
          {"CodeSizeUnzipped", limits::kCodeUnzippedBytesMax},
          {"CodeSizeZipped", limits::kCodeZippedBytesMax},
          {"ConcurrentExecutions", settings.concurrent_executions},
          {"UnreservedConcurrentExecutions", settings.unreserved_concurrent_executions}}},
        {"AccountUsage",
         {{"TotalCodeSize", settings.total_code_bytes},
          {"FunctionCount", settings.function_count}}}};
}

// The function that a tag operation's Resource names. Kinds of resource that this version has none
// of are not found, each in AWS's words.
Result<model::FunctionName> read_tagged(ActionContext const& context, json const& input,
                                        std::string_view operation) {
    auto const arn = input.value("Resource", "");
    auto const has = [&](std::string_view kind) { return arn.find(kind) != std::string::npos; };
    if (has(":event-source-mapping:"))
        return fail(Errc::kResourceNotFound, "Event source mapping not found: " + arn);
    if (has(":capacity-provider:"))
        return fail(Errc::kResourceNotFound, "Capacity provider not found: " + arn);
    if (has(":network-connector:"))
        return fail(Errc::kResourceNotFound, "Network connector not found: " + arn);
    auto const reference = wire::parse_function_reference(arn);
    if (reference && reference->qualifier) {
        return fail(Errc::kInvalidParameterValue,
                    "Tags on function aliases and versions are not supported. Please specify a "
                    "function ARN.");
    }
    return read_function(context, {{"FunctionName", arn}}, operation);
}

// The UUID of a tag operation's Resource that is an event source mapping of this region.
std::optional<std::string> tagged_mapping(ActionContext const& context, json const& input) {
    auto const arn = input.value("Resource", "");
    auto const prefix = "arn:" + std::string(wire::partition_of(context.region)) +
                        ":lambda:" + context.region.value() + ":" + context.account.value() +
                        ":event-source-mapping:";
    if (!arn.starts_with(prefix)) return std::nullopt;
    return arn.substr(prefix.size());
}

// Changes the tags of what is no function, and gives those that it has then; nothing for a
// function.
io::Task<std::optional<model::Tags>> change_other_tags(Services services, ActionContext context,
                                                       json input, model::Tags add,
                                                       std::vector<std::string> remove) {
    auto const arn = input.value("Resource", "");
    if (arn.find(":code-signing-config:") != std::string::npos) {
        MERIDIAN_CO_TRY(auto tags, co_await services.control.code_signing().change_tags(
                                       requester(context), arn, std::move(add), std::move(remove)));
        co_return std::optional(std::move(tags));
    }
    auto const uuid = tagged_mapping(context, input);
    if (!uuid) co_return std::nullopt;
    auto tags = co_await services.control.event_source_mappings().change_tags(
        requester(context), *uuid, std::move(add), std::move(remove));
    if (!tags && tags.error().code == Errc::kResourceNotFound)
        co_return fail(Errc::kResourceNotFound, "Event source mapping not found: " + arn);
    if (!tags) co_return std::unexpected(tags.error());
    co_return std::optional(std::move(*tags));
}

io::Task<json> tag_resource(Services services, ActionContext context, json input) {
    auto tags = input.value("Tags", model::Tags{});
    MERIDIAN_CO_TRY(auto const other,
                    co_await change_other_tags(services, context, input, tags, {}));
    if (other) co_return json();
    MERIDIAN_CO_TRY(auto name, read_tagged(context, input, "TagResource"));
    MERIDIAN_CO_CHECK(co_await services.control.tag_function(requester(context), std::move(name),
                                                             std::move(tags)));
    co_return json();
}

io::Task<json> untag_resource(Services services, ActionContext context, json input) {
    auto keys = input.value("TagKeys", std::vector<std::string>{});
    MERIDIAN_CO_TRY(auto const other,
                    co_await change_other_tags(services, context, input, {}, keys));
    if (other) co_return json();
    MERIDIAN_CO_TRY(auto name, read_tagged(context, input, "UntagResource"));
    MERIDIAN_CO_CHECK(co_await services.control.untag_function(requester(context), std::move(name),
                                                               std::move(keys)));
    co_return json();
}

io::Task<json> list_tags(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto other, co_await change_other_tags(services, context, input, {}, {}));
    if (other) co_return json{{"Tags", std::move(*other)}};
    MERIDIAN_CO_TRY(auto name, read_tagged(context, input, "ListTags"));
    MERIDIAN_CO_TRY(auto tags, co_await services.control.list_function_tags(requester(context),
                                                                            std::move(name)));
    co_return json{{"Tags", std::move(tags)}};
}

constexpr ActionEntry kLambdaActions[] = {
    {OperationId::kLambdaCreateFunction, create_function},
    {OperationId::kLambdaDeleteFunction, delete_function},
    {OperationId::kLambdaGetAccountSettings, get_account_settings},
    {OperationId::kLambdaGetFunction, get_function},
    {OperationId::kLambdaGetFunctionConfiguration, get_function_configuration},
    {OperationId::kLambdaListFunctions, list_functions},
    {OperationId::kLambdaListTags, list_tags},
    {OperationId::kLambdaListVersionsByFunction, list_versions_by_function},
    {OperationId::kLambdaPublishVersion, publish_version},
    {OperationId::kLambdaTagResource, tag_resource},
    {OperationId::kLambdaUntagResource, untag_resource},
    {OperationId::kLambdaUpdateFunctionCode, update_function_code},
    {OperationId::kLambdaUpdateFunctionConfiguration, update_function_configuration},
};

}  // namespace

std::span<ActionEntry const> lambda_actions() noexcept { return kLambdaActions; }

}  // namespace meridian::api
