// Code signing configs, and functions' use of them: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/event_time.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

json settings_of(json const& input) {
    json settings = json::object();
    for (auto const* member : {"Description", "AllowedPublishers", "CodeSigningPolicies", "Tags"}) {
        if (input.contains(member)) settings[member] = input[member];
    }
    return settings;
}

json config_json(Services const& services, ActionContext const& context,
                 control::CodeSigningConfig const& config) {
    json out = config.config.settings;
    out.erase("Tags");
    // Warn is the default (API reference).
    if (!out.contains("CodeSigningPolicies"))
        out["CodeSigningPolicies"] = {{"UntrustedArtifactOnDeployment", "Warn"}};
    out["CodeSigningConfigId"] = config.id;
    out["CodeSigningConfigArn"] = services.control.code_signing().arn(context.account, config.id);
    out["LastModified"] = wire::format_last_modified(config.config.last_modified);
    return out;
}

std::string arn_in(json const& input) { return input.value("CodeSigningConfigArn", ""); }

std::size_t max_items(json const& input) {
    return input.value("MaxItems", model::limits::kListPageMax);
}

io::Task<json> create_signing_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const config, co_await services.control.code_signing().create(
                                           requester(context), settings_of(input)));
    co_return json{{"CodeSigningConfig", config_json(services, context, config)}};
}

io::Task<json> get_signing_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const config, co_await services.control.code_signing().get(
                                           requester(context), arn_in(input)));
    co_return json{{"CodeSigningConfig", config_json(services, context, config)}};
}

io::Task<json> update_signing_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const config, co_await services.control.code_signing().update(
                                           requester(context), arn_in(input), settings_of(input)));
    co_return json{{"CodeSigningConfig", config_json(services, context, config)}};
}

io::Task<json> delete_signing_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_CHECK(
        co_await services.control.code_signing().remove(requester(context), arn_in(input)));
    co_return json();
}

io::Task<json> list_signing_configs(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page,
                    co_await services.control.code_signing().list(
                        requester(context), input.value("Marker", ""), max_items(input)));
    json configs = json::array();
    for (auto const& config : page.configs)
        configs.push_back(config_json(services, context, config));
    json output = {{"CodeSigningConfigs", std::move(configs)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> list_functions_by_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const page, co_await services.control.code_signing().functions(
                                         requester(context), arn_in(input),
                                         input.value("Marker", ""), max_items(input)));
    json arns = json::array();
    for (auto const& function : page.functions)
        arns.push_back(wire::function_arn(context.region, context.account, function));
    json output = {{"FunctionArns", std::move(arns)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> get_function_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const function,
                    read_function(context, input, "GetFunctionCodeSigningConfig"));
    MERIDIAN_CO_TRY(auto const arn, co_await services.control.code_signing().of_function(
                                        requester(context), function));
    if (arn.empty()) co_return json::object();
    co_return json{{"CodeSigningConfigArn", arn}, {"FunctionName", function.value()}};
}

io::Task<json> put_function_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const function,
                    read_function(context, input, "PutFunctionCodeSigningConfig"));
    MERIDIAN_CO_CHECK(co_await services.control.code_signing().put_for_function(
        requester(context), function, arn_in(input)));
    co_return json{{"CodeSigningConfigArn", arn_in(input)}, {"FunctionName", function.value()}};
}

io::Task<json> delete_function_config(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto const function,
                    read_function(context, input, "DeleteFunctionCodeSigningConfig"));
    MERIDIAN_CO_CHECK(
        co_await services.control.code_signing().remove_for_function(requester(context), function));
    co_return json();
}

constexpr ActionEntry kCodeSigningActions[] = {
    {OperationId::kLambdaCreateCodeSigningConfig, create_signing_config},
    {OperationId::kLambdaDeleteCodeSigningConfig, delete_signing_config},
    {OperationId::kLambdaDeleteFunctionCodeSigningConfig, delete_function_config},
    {OperationId::kLambdaGetCodeSigningConfig, get_signing_config},
    {OperationId::kLambdaGetFunctionCodeSigningConfig, get_function_config},
    {OperationId::kLambdaListCodeSigningConfigs, list_signing_configs},
    {OperationId::kLambdaListFunctionsByCodeSigningConfig, list_functions_by_config},
    {OperationId::kLambdaPutFunctionCodeSigningConfig, put_function_config},
    {OperationId::kLambdaUpdateCodeSigningConfig, update_signing_config},
};

}  // namespace

ActionGroup code_signing_actions() noexcept { return kCodeSigningActions; }

}  // namespace meridian::api
