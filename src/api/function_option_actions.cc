// Runtime management, recursion and scaling of a function: decode, ask the control plane, encode.

#include "api/action.h"
#include "api/lambda_actions_input.h"
#include "wire/arn.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::OperationId;

std::string arn_of(control::FunctionAndQualifier const& what, ActionContext const& context) {
    return wire::function_arn(context.region, context.account, what.name, what.qualifier);
}

io::Task<json> get_runtime_management(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "GetRuntimeManagementConfig"));
    MERIDIAN_CO_TRY(auto output, co_await services.control.options().get_runtime_management(
                                     requester(context), what));
    output["FunctionArn"] = arn_of(what, context);
    co_return output;
}

io::Task<json> put_runtime_management(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "PutRuntimeManagementConfig"));
    json output = {{"UpdateRuntimeOn", input.value("UpdateRuntimeOn", "")}};
    if (input.contains("RuntimeVersionArn"))
        output["RuntimeVersionArn"] = input["RuntimeVersionArn"];
    MERIDIAN_CO_CHECK(co_await services.control.options().put_runtime_management(requester(context),
                                                                                 what, output));
    output["FunctionArn"] = arn_of(what, context);
    co_return output;
}

io::Task<json> get_recursion(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "GetFunctionRecursionConfig"));
    MERIDIAN_CO_TRY(auto value, co_await services.control.options().get_recursive_loop(
                                    requester(context), std::move(function)));
    co_return json{{"RecursiveLoop", std::move(value)}};
}

io::Task<json> put_recursion(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto function, read_function(context, input, "PutFunctionRecursionConfig"));
    auto const value = input.value("RecursiveLoop", "");
    MERIDIAN_CO_CHECK(co_await services.control.options().put_recursive_loop(
        requester(context), std::move(function), value));
    co_return json{{"RecursiveLoop", value}};
}

// Scaling configs belong to functions of a capacity provider, which this version has none of.
io::Task<json> get_scaling(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "GetFunctionScalingConfig"));
    MERIDIAN_CO_CHECK(co_await services.control.get_function(requester(context), what));
    co_return json{{"FunctionArn", arn_of(what, context)}};
}

io::Task<json> put_scaling(Services services, ActionContext context, json input) {
    MERIDIAN_CO_TRY(auto what,
                    read_function_and_qualifier(context, input, "PutFunctionScalingConfig"));
    MERIDIAN_CO_CHECK(co_await services.control.get_function(requester(context), what));
    co_return fail(Errc::kInvalidParameterValue,
                   "A scaling config needs a function with a capacity provider, and capacity "
                   "providers are not supported by this version of Meridian.");
}

constexpr ActionEntry kFunctionOptionActions[] = {
    {OperationId::kLambdaGetFunctionRecursionConfig, get_recursion},
    {OperationId::kLambdaGetFunctionScalingConfig, get_scaling},
    {OperationId::kLambdaGetRuntimeManagementConfig, get_runtime_management},
    {OperationId::kLambdaPutFunctionRecursionConfig, put_recursion},
    {OperationId::kLambdaPutFunctionScalingConfig, put_scaling},
    {OperationId::kLambdaPutRuntimeManagementConfig, put_runtime_management},
};

}  // namespace

ActionGroup function_option_actions() noexcept { return kFunctionOptionActions; }

}  // namespace meridian::api
