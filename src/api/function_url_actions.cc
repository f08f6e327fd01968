// Function URL configs: decode, ask the control plane, encode.

#include <fmt/format.h>

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/event_time.h"
#include "wire/function_url.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

json url_settings(json const& input) {
    json settings = json::object();
    for (auto const* member : {"AuthType", "Cors", "InvokeMode"}) {
        if (input.contains(member)) settings[member] = input[member];
    }
    return settings;
}

json url_json(control::FunctionUrl const& url, model::FunctionName const& function,
              ActionContext const& context) {
    auto const& settings = url.config.settings;
    json out = {{"FunctionUrl", wire::format_function_url(
                                    context.endpoint, settings.value("UrlId", ""), context.region)},
                {"FunctionArn",
                 wire::function_arn(context.region, context.account, function, url.qualifier)},
                {"AuthType", settings.value("AuthType", "")},
                {"CreationTime", wire::format_iso8601_ms(url.config.created)},
                {"LastModifiedTime", wire::format_iso8601_ms(url.config.last_modified)},
                {"InvokeMode", settings.value("InvokeMode", "BUFFERED")}};
    if (settings.contains("Cors")) out["Cors"] = settings["Cors"];
    return out;
}

io::Task<json> create_url(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "CreateFunctionUrlConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const url, co_await services.control.function_urls().create(
                                        requester(context), std::move(what), url_settings(input)));
    auto output = url_json(url, function, context);
    output.erase("LastModifiedTime");
    // Recorded: shown only where it was given.
    if (!input.contains("InvokeMode")) output.erase("InvokeMode");
    co_return output;
}

io::Task<json> get_url(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input, "GetFunctionUrlConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const url, co_await services.control.function_urls().get(
                                        requester(context), std::move(what)));
    co_return url_json(url, function, context);
}

io::Task<json> update_url(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "UpdateFunctionUrlConfig"));
    auto const function = what.name;
    MERIDIAN_CO_TRY(auto const url, co_await services.control.function_urls().update(
                                        requester(context), std::move(what), url_settings(input)));
    auto output = url_json(url, function, context);
    if (!url.config.settings.contains("InvokeMode")) output.erase("InvokeMode");
    co_return output;
}

io::Task<json> list_urls(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "ListFunctionUrlConfigs"));
    MERIDIAN_CO_TRY(auto const page, co_await services.control.function_urls().list(
                                         requester(context), function, input.value("Marker", ""),
                                         input.value("MaxItems", model::limits::kListPageMax)));
    json configs = json::array();
    for (auto const& url : page.urls) configs.push_back(url_json(url, function, context));
    json output = {{"FunctionUrlConfigs", std::move(configs)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> delete_url(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "DeleteFunctionUrlConfig"));
    MERIDIAN_CO_CHECK(
        co_await services.control.function_urls().remove(requester(context), std::move(what)));
    co_return json();
}

constexpr ActionEntry kFunctionUrlActions[] = {
    {OperationId::kLambdaCreateFunctionUrlConfig, create_url},
    {OperationId::kLambdaDeleteFunctionUrlConfig, delete_url},
    {OperationId::kLambdaGetFunctionUrlConfig, get_url},
    {OperationId::kLambdaListFunctionUrlConfigs, list_urls},
    {OperationId::kLambdaUpdateFunctionUrlConfig, update_url},
};

}  // namespace

ActionGroup function_url_actions() noexcept { return kFunctionUrlActions; }

}  // namespace meridian::api
