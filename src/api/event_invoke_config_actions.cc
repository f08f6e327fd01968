// Event-invoke configs: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

json event_settings(json const& input) {
    json settings = json::object();
    for (auto const* member :
         {"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"}) {
        if (input.contains(member)) settings[member] = input[member];
    }
    return settings;
}

json config_json(control::EventInvokeConfig const& view, model::FunctionName const& function,
                 ActionContext const& context) {
    json out = view.config.settings;
    // Both are always there (recorded).
    auto destinations = out.value("DestinationConfig", json::object());
    for (auto const* member : {"OnSuccess", "OnFailure"}) {
        if (!destinations.contains(member)) destinations[member] = json::object();
    }
    out["DestinationConfig"] = std::move(destinations);
    out["FunctionArn"] = wire::function_arn(
        context.region, context.account, function,
        view.qualifier.value().empty() ? model::Qualifier(model::kLatest) : view.qualifier);
    out["LastModified"] = static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(
                                                  view.config.last_modified.time_since_epoch())
                                                  .count()) /
                          1000.0;
    return out;
}

io::Task<json> put_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "PutFunctionEventInvokeConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const config,
                    co_await services.control.event_invoke_configs().put(
                        requester(context), std::move(what), event_settings(input)));
    co_return config_json(config, function, context);
}

io::Task<json> update_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "UpdateFunctionEventInvokeConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const config,
                    co_await services.control.event_invoke_configs().update(
                        requester(context), std::move(what), event_settings(input)));
    co_return config_json(config, function, context);
}

io::Task<json> get_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "GetFunctionEventInvokeConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const config, co_await services.control.event_invoke_configs().get(
                                           requester(context), std::move(what)));
    co_return config_json(config, function, context);
}

io::Task<json> list_configs(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "ListFunctionEventInvokeConfigs"));
    MERIDIAN_CO_TRY(auto const page, co_await services.control.event_invoke_configs().list(
                                         requester(context), function, input.value("Marker", ""),
                                         input.value("MaxItems", model::limits::kListPageMax)));
    json configs = json::array();
    for (auto const& config : page.configs)
        configs.push_back(config_json(config, function, context));
    json output = {{"FunctionEventInvokeConfigs", std::move(configs)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> delete_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "DeleteFunctionEventInvokeConfig"));
    MERIDIAN_CO_CHECK(co_await services.control.event_invoke_configs().remove(requester(context),
                                                                              std::move(what)));
    co_return json();
}

constexpr ActionEntry kEventInvokeConfigActions[] = {
    {OperationId::kLambdaDeleteFunctionEventInvokeConfig, delete_config},
    {OperationId::kLambdaGetFunctionEventInvokeConfig, get_config},
    {OperationId::kLambdaListFunctionEventInvokeConfigs, list_configs},
    {OperationId::kLambdaPutFunctionEventInvokeConfig, put_config},
    {OperationId::kLambdaUpdateFunctionEventInvokeConfig, update_config},
};

}  // namespace

ActionGroup event_invoke_config_actions() noexcept { return kEventInvokeConfigActions; }

}  // namespace meridian::api
