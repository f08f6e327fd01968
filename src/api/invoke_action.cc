#include "api/invoke_action.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "model/limits.h"
#include "wire/arn.h"
#include "wire/json_grammar.h"
#include "wire/rest_json.h"

namespace meridian::api {
namespace {

namespace limits = model::limits;

struct Target {
    model::AccountId account;
    model::FunctionName name;
    model::Qualifier qualifier;
    std::string arn;  // as the caller addressed it
};

Result<Target> resolve_target(nlohmann::json const& input, model::RegionName const& region,
                              model::AccountId const& account) {
    MERIDIAN_TRY(auto const reference,
                 wire::parse_function_reference(input.at("FunctionName").get<std::string>()));
    if (reference.region && *reference.region != region) {
        return fail(Errc::kResourceNotFound,
                    fmt::format("Functions from '{}' are not reachable in this region ('{}')",
                                *reference.region, region));
    }
    Target target{reference.account.value_or(account), reference.name, {}, {}};
    std::optional<model::Qualifier> qualifier = reference.qualifier;
    if (auto const given = input.find("Qualifier"); given != input.end()) {
        model::Qualifier const named{given->get<std::string>()};
        if (qualifier && *qualifier != named) {
            return fail(Errc::kInvalidParameterValue,
                        "The derived qualifier from the function name does not match the specified "
                        "qualifier.");
        }
        qualifier = named;
    }
    if (qualifier) target.qualifier = *qualifier;
    target.arn = wire::function_arn(region, target.account, target.name, qualifier);
    return target;
}

Result<std::string> decode_client_context(nlohmann::json const& input) {
    auto const given = input.find("ClientContext");
    if (given == input.end()) return std::string{};
    auto const& text = given->get_ref<std::string const&>();
    if (text.size() > limits::kClientContextBytesMax) {
        return fail(Errc::kInvalidRequestContent,
                    fmt::format("Client context must be no more than {} bytes.",
                                limits::kClientContextBytesMax));
    }
    auto const json = from_base64(text);
    if (!json || wire::find_json_fault(*json)) {
        return fail(Errc::kInvalidRequestContent,
                    "Client context must be a valid Base64-encoded JSON object.");
    }
    // It travels in a header: line breaks between tokens mean nothing and would end it.
    return nlohmann::json::parse(*json).dump();
}

}  // namespace

io::Task<HttpResponse> invoke_function(invoke::Invoker& invoker, model::RegionName region,
                                       model::AccountId account, model::RequestId request_id,
                                       nlohmann::json input, HttpRequest request) {
    MERIDIAN_CO_TRY(auto target, resolve_target(input, region, account));
    auto const type = input.value("InvocationType", "RequestResponse");
    if (type == "Event") {
        co_return fail(
            Errc::kNotImplemented,
            "Invoke with InvocationType Event is not implemented in this version of Meridian.");
    }
    if (input.contains("TenantId") || input.contains("DurableExecutionName")) {
        co_return fail(Errc::kInvalidParameterValue,
                       "Tenant isolation and durable executions are not supported by this version "
                       "of Meridian.");
    }
    if (request.body_too_large || request.body.size() > limits::kInvokeRequestBytesMax) {
        co_return fail(
            Errc::kRequestTooLarge,
            fmt::format("Request must be smaller than {} bytes for the InvokeFunction operation",
                        limits::kInvokeRequestBytesMax));
    }
    if (request.body.empty()) {
        request.body = "{}";
    } else if (auto const fault = wire::find_json_fault(request.body)) {
        co_return fail(Errc::kInvalidRequestContent,
                       wire::payload_fault_message(request.body, *fault));
    }
    MERIDIAN_CO_TRY(auto client_context, decode_client_context(input));

    HttpResponse response;
    if (type == "DryRun") {
        MERIDIAN_CO_CHECK(invoker.check(target.account, target.name, target.qualifier));
        response.status = 204;
        response.headers.add("x-amzn-RequestId", request_id.value());
        co_return response;
    }

    invoke::InvokeRequest call;
    call.account = std::move(target.account);
    call.name = std::move(target.name);
    call.qualifier = std::move(target.qualifier);
    call.request_id = request_id;
    call.invoked_arn = std::move(target.arn);
    call.payload = std::move(request.body);
    call.client_context = std::move(client_context);
    call.trace_id = std::string(request.headers.get("X-Amzn-Trace-Id"));
    call.log_tail = input.value("LogType", "None") == "Tail";
    MERIDIAN_CO_TRY(auto result, co_await invoker.invoke(std::move(call)));

    response.headers.add("Content-Type", "application/json");
    response.headers.add("x-amzn-RequestId", request_id.value());
    response.headers.add("x-amzn-Remapped-Content-Length", "0");
    response.headers.add("X-Amz-Executed-Version", result.executed_version.value());
    if (result.function_error) response.headers.add("X-Amz-Function-Error", "Unhandled");
    if (!result.log_tail.empty())
        response.headers.add("X-Amz-Log-Result", to_base64(result.log_tail));
    response.body = std::move(result.payload);
    co_return response;
}

}  // namespace meridian::api
