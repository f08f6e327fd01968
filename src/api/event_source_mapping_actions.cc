// Event source mappings: decode, ask the control plane, encode.

#include <chrono>

#include <fmt/format.h>

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "control/event_source_kinds.h"
#include "model/limits.h"
#include "wire/arn.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

// Ours; AWS shows "OK" or its own problems here.
constexpr char const* kNotPolled =
    "PROBLEM: this version of Meridian does not poll event sources yet.";

// Everything but what the operation itself is about.
json mapping_settings(json input) {
    for (auto const* member : {"FunctionName", "Enabled", "Tags", "UUID"}) input.erase(member);
    return input;
}

json mapping_json(control::EventSourceMapping const& mapping, ActionContext const& context,
                  char const* state = nullptr) {
    json out = mapping.config.settings;
    model::FunctionName const function(out.value("function", ""));
    std::optional<model::Qualifier> qualifier;
    if (out.contains("qualifier")) qualifier = model::Qualifier(out["qualifier"]);
    bool const enabled = out.value("enabled", true);
    auto const kind = control::kind_of(out);
    bool const is_stream = kind && (*kind)->is_stream;
    for (auto const* ours : {"function", "qualifier", "enabled", "tags"}) out.erase(ours);
    auto const& account = context.account;
    out["UUID"] = mapping.uuid;
    out["EventSourceMappingArn"] = fmt::format(
        "arn:{}:lambda:{}:{}:event-source-mapping:{}", wire::partition_of(context.region),
        context.region.value(), account.value(), mapping.uuid);
    out["FunctionArn"] = wire::function_arn(context.region, account, function, qualifier);
    out["LastModified"] = static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(
                                                  mapping.config.last_modified.time_since_epoch())
                                                  .count()) /
                          1000.0;
    out["State"] = state != nullptr ? state : enabled ? "Enabled" : "Disabled";
    out["StateTransitionReason"] = is_stream ? "User action" : "USER_INITIATED";  // recorded
    out["LastProcessingResult"] = kNotPolled;
    return out;
}

// What an update says that it does (recorded): a mapping that is switched says only that.
char const* state_of_update(control::EventSourceMapping const& mapping) {
    bool const is_enabled = mapping.config.settings.value("enabled", true);
    if (mapping.was_enabled == is_enabled) return "Updating";
    return is_enabled ? "Enabling" : "Disabling";
}

io::Task<json> create_mapping(Services services, ActionContext context, json input) {
    // Before the function (recorded).
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "CreateEventSourceMapping"));
    bool const enabled = input.value("Enabled", true);
    MERIDIAN_CO_TRY(auto const mapping,
                    co_await services.control.event_source_mappings().create(
                        requester(context), std::move(what), enabled, mapping_settings(input),
                        input.value("Tags", model::Tags{})));
    co_return mapping_json(mapping, context, enabled ? "Creating" : "Disabled");
}

io::Task<json> get_mapping(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const mapping, co_await services.control.event_source_mappings().get(
                                            requester(context), input.value("UUID", "")));
    co_return mapping_json(mapping, context);
}

io::Task<json> update_mapping(Services services, ActionContext context, json input) {
    std::optional<control::FunctionAndQualifier> what;
    if (input.contains("FunctionName")) {
        MERIDIAN_CO_TRY(what,
                        read_function_and_qualifier(context, input, "UpdateEventSourceMapping"));
    }
    MERIDIAN_CO_TRY(auto const mapping,
                    co_await services.control.event_source_mappings().update(
                        requester(context), input.value("UUID", ""), std::move(what),
                        read_optional<bool>(input, "Enabled"), mapping_settings(input)));
    co_return mapping_json(mapping, context, state_of_update(mapping));
}

io::Task<json> delete_mapping(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const mapping, co_await services.control.event_source_mappings().remove(
                                            requester(context), input.value("UUID", "")));
    co_return mapping_json(mapping, context, "Deleting");
}

io::Task<json> list_mappings(Services services, ActionContext context, json input) {
    control::ListMappingsRequest request{
        .event_source_arn = input.value("EventSourceArn", ""),
        .marker = input.value("Marker", ""),
        .max_items = input.value("MaxItems", model::limits::kMappingsPageMax)};
    if (input.contains("FunctionName")) {
        MERIDIAN_CO_TRY(auto const what,
                        read_function_and_qualifier(context, input, "ListEventSourceMappings"));
        request.function = what.name.value();
        if (what.qualifier) request.qualifier = what.qualifier->value();
    }
    MERIDIAN_CO_TRY(auto const page, co_await services.control.event_source_mappings().list(
                                         requester(context), std::move(request)));
    json mappings = json::array();
    for (auto const& mapping : page.mappings) mappings.push_back(mapping_json(mapping, context));
    json output = {{"EventSourceMappings", std::move(mappings)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

constexpr ActionEntry kMappingActions[] = {
    {OperationId::kLambdaCreateEventSourceMapping, create_mapping},
    {OperationId::kLambdaDeleteEventSourceMapping, delete_mapping},
    {OperationId::kLambdaGetEventSourceMapping, get_mapping},
    {OperationId::kLambdaListEventSourceMappings, list_mappings},
    {OperationId::kLambdaUpdateEventSourceMapping, update_mapping},
};

}  // namespace

ActionGroup event_source_mapping_actions() noexcept { return kMappingActions; }

}  // namespace meridian::api
