#include "api/function_url_service.h"

#include <fmt/format.h>

#include "model/limits.h"
#include "wire/arn.h"
#include "wire/errors.h"
#include "wire/function_url.h"

namespace meridian::api {

namespace {

namespace limits = model::limits;

HttpResponse refused_url(int status, nlohmann::json const& message) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = nlohmann::json{{"Message", message}}.dump();
    return response;
}

std::optional<wire::UrlCaller> shown_caller(auth::Caller const& caller) {
    if (caller.principal.kind == auth::Principal::Kind::kAnonymous) return std::nullopt;
    return wire::UrlCaller{.access_key = caller.access_key_id.value(),
                           .account = caller.account.value(),
                           .arn = caller.arn,
                           .user_id = caller.user_id};
}

asio::awaitable<HttpResponse> call_function(invoke::Invoker& invoker,
                                            model::RegionName const& region, Log& log,
                                            UrlCall const& call, HttpRequest const& request) {
    auto const& url = call.url;
    invoke::InvokeRequest invocation;
    invocation.account = url.account;
    invocation.name = url.function;
    invocation.qualifier = url.alias;
    invocation.request_id = call.request_id;
    invocation.invoked_arn = wire::function_arn(region, url.account, url.function, url.alias);
    invocation.trace_id = call.trace_id;
    invocation.payload = wire::url_event(request, {.url_id = url.settings.value("UrlId", ""),
                                                   .owner_account = url.account.value(),
                                                   .request_id = call.request_id.value(),
                                                   .trace_id = call.trace_id,
                                                   .time = call.time,
                                                   .caller = shown_caller(call.caller)});
    if (invocation.payload.size() > limits::kInvokeRequestBytesMax)
        co_return refused_url(413, "Request Too Long");
    auto const result = co_await invoker.invoke(std::move(invocation));
    if (result) {
        co_return result->function_error ? wire::bad_gateway()
                                         : wire::url_response(result->payload);
    }
    auto const& error = result.error();
    // The alias of a URL may be gone (recorded).
    if (error.code == Errc::kResourceNotFound) co_return forbidden_url();
    if (error.code == Errc::kTooManyRequests)
        co_return wire::encode_error(wire::Service::kLambda, error, call.request_id);
    log.write(LogLevel::kWarn, "a function URL could not be served",
              {{"request", call.request_id.value()}, {"error", error.message}});
    co_return wire::bad_gateway();
}

}  // namespace

nlohmann::json const* cors_of(control::PublishedUrl const& url) {
    auto const cors = url.settings.find("Cors");
    return cors != url.settings.end() && cors->is_object() ? &*cors : nullptr;
}

HttpResponse unknown_url() {
    auto response = refused_url(403, nullptr);
    response.headers.add("x-amzn-ErrorType", "AccessDeniedException");
    return response;
}

HttpResponse forbidden_url() {
    auto response =
        refused_url(403,
                    "Forbidden. For troubleshooting Function URL authorization issues, see: "
                    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html");
    response.headers.add("x-amzn-ErrorType", "AccessDeniedException");
    return response;
}

asio::awaitable<HttpResponse> serve_function_url(invoke::Invoker& invoker, Authorizer& authorizer,
                                                 model::RegionName const& region, Log& log,
                                                 UrlCall call, HttpRequest request) {
    HttpResponse response;
    auto const allowed = co_await authorizer.authorize_url(call.caller, call.url, call.origin);
    if (!allowed) {
        response = forbidden_url();
    } else if (request.body_too_large) {
        response = refused_url(413, "Request Too Long");
    } else if (call.url.settings.value("InvokeMode", "BUFFERED") != "BUFFERED") {
        response = refused_url(
            501, "InvokeMode RESPONSE_STREAM is not implemented in this version of Meridian.");
    } else {
        response = co_await call_function(invoker, region, log, call, request);
    }
    if (auto const* const cors = cors_of(call.url))
        wire::add_cors_headers(*cors, request, &response);
    if (!response.headers.contains("x-amzn-RequestId"))
        response.headers.add("x-amzn-RequestId", call.request_id.value());
    response.headers.add("x-amzn-trace-id", call.trace_id);
    co_return response;
}

}  // namespace meridian::api
