// Reserved and provisioned concurrency: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/event_time.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

io::Task<json> put_function_concurrency(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function,
                    read_unqualified_function(context, input, "PutFunctionConcurrency"));
    auto const reserved = input.value("ReservedConcurrentExecutions", 0U);
    auto const provisioned =
        services.control.provisioned_concurrency().total(context.account, function);
    MERIDIAN_CO_CHECK(co_await services.control.reserved_concurrency().put(
        requester(context), std::move(function), reserved, provisioned));
    co_return json{{"ReservedConcurrentExecutions", reserved}};
}

io::Task<json> get_function_concurrency(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "GetFunctionConcurrency"));
    MERIDIAN_CO_TRY(auto const reserved, co_await services.control.reserved_concurrency().get(
                                             requester(context), std::move(function)));
    json output = json::object();
    if (reserved) output["ReservedConcurrentExecutions"] = *reserved;
    co_return output;
}

io::Task<json> delete_function_concurrency(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "DeleteFunctionConcurrency"));
    MERIDIAN_CO_CHECK(co_await services.control.reserved_concurrency().remove(requester(context),
                                                                              std::move(function)));
    co_return json();
}

json provisioned_json(control::ProvisionedView const& view) {
    auto const ready = view.status.initialised;
    json output = {{"RequestedProvisionedConcurrentExecutions", view.config.requested},
                   {"AvailableProvisionedConcurrentExecutions", ready},
                   {"AllocatedProvisionedConcurrentExecutions", ready},
                   {"LastModified", wire::format_iso8601_offset(view.config.last_modified)}};
    if (view.status.init_failed) {
        output["Status"] = "FAILED";
        output["StatusReason"] = "FUNCTION_ERROR_INIT_FAILURE";
    } else {
        output["Status"] = ready == view.config.requested ? "READY" : "IN_PROGRESS";
    }
    return output;
}

io::Task<json> put_provisioned(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "PutProvisionedConcurrencyConfig"));
    MERIDIAN_CO_TRY(auto const view, co_await services.control.provisioned_concurrency().put(
                                         requester(context), std::move(what),
                                         input.value("ProvisionedConcurrentExecutions", 0U)));
    co_return provisioned_json(view);
}

io::Task<json> get_provisioned(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "GetProvisionedConcurrencyConfig"));
    MERIDIAN_CO_TRY(auto const view, co_await services.control.provisioned_concurrency().get(
                                         requester(context), std::move(what)));
    co_return provisioned_json(view);
}

io::Task<json> list_provisioned(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function,
                    read_function(context, input, "ListProvisionedConcurrencyConfigs"));
    control::ListProvisionedRequest request{
        .function = function,
        .marker = input.value("Marker", ""),
        .max_items = input.value("MaxItems", model::limits::kListPageMax)};
    MERIDIAN_CO_TRY(auto const page, co_await services.control.provisioned_concurrency().list(
                                         requester(context), std::move(request)));
    json configs = json::array();
    for (auto const& view : page.configs) {
        auto config = provisioned_json(view);
        config["FunctionArn"] =
            wire::function_arn(context.region, context.account, function, view.qualifier);
        configs.push_back(std::move(config));
    }
    json output = {{"ProvisionedConcurrencyConfigs", std::move(configs)}};
    if (!page.next_marker.empty()) output["NextMarker"] = page.next_marker;
    co_return output;
}

io::Task<json> delete_provisioned(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what, read_function_and_qualifier(context, input,
                                                           "DeleteProvisionedConcurrencyConfig"));
    MERIDIAN_CO_CHECK(co_await services.control.provisioned_concurrency().remove(requester(context),
                                                                                 std::move(what)));
    co_return json();
}

constexpr ActionEntry kConcurrencyActions[] = {
    {OperationId::kLambdaDeleteFunctionConcurrency, delete_function_concurrency},
    {OperationId::kLambdaDeleteProvisionedConcurrencyConfig, delete_provisioned},
    {OperationId::kLambdaGetFunctionConcurrency, get_function_concurrency},
    {OperationId::kLambdaGetProvisionedConcurrencyConfig, get_provisioned},
    {OperationId::kLambdaListProvisionedConcurrencyConfigs, list_provisioned},
    {OperationId::kLambdaPutFunctionConcurrency, put_function_concurrency},
    {OperationId::kLambdaPutProvisionedConcurrencyConfig, put_provisioned},
};

}  // namespace

ActionGroup concurrency_actions() noexcept { return kConcurrencyActions; }

}  // namespace meridian::api
