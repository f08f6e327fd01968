#include "runtime_api/runtime_api.h"

#include <optional>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "model/limits.h"

namespace meridian::runtime_api {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
// An error's body; the runtime interface emulator takes the same.
constexpr std::size_t kErrorBodyBytesMax = 1024 * 1024;

HttpResponse json_response(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

HttpResponse error_response(int status, std::string_view type, std::string_view message) {
    return json_response(status,
                         nlohmann::json{{"errorMessage", message}, {"errorType", type}}.dump());
}

HttpResponse accepted() { return json_response(202, "{\"status\":\"OK\"}\n"); }

HttpResponse refused(RuntimeHost const& host, Refusal refusal, std::string_view wanted) {
    switch (refusal) {
        case Refusal::kInvalidRequestId:
            return error_response(400, "InvalidRequestID", "Invalid request ID");
        case Refusal::kInvalidInvocationId:
            return error_response(400, "InvalidInvocationId", "Invalid invocation ID");
        case Refusal::kInvalidState:
            break;
    }
    return error_response(
        403, "InvalidStateTransition",
        fmt::format("State transition from {} to {} failed for runtime. Error: State "
                    "transition is not allowed",
                    host.state_name(), wanted));
}

HttpResponse event_response(InvocationEvent event) {
    HttpResponse response;
    response.headers.add("Content-Type", "application/json");
    auto const add = [&](char const* name, std::string value) {
        if (!value.empty()) response.headers.add(name, std::move(value));
    };
    add("Lambda-Runtime-Aws-Request-Id", event.request_id.value());
    add("Lambda-Runtime-Deadline-Ms", std::to_string(event.deadline_epoch_ms));
    add("Lambda-Runtime-Invoked-Function-Arn", std::move(event.invoked_function_arn));
    add("Lambda-Runtime-Trace-Id", std::move(event.trace_id));
    add("Lambda-Runtime-Client-Context", std::move(event.client_context));
    add("Lambda-Runtime-Invocation-Id", std::move(event.invocation_id));
    response.body = std::move(event.payload);
    return response;
}

// A body of this type wraps the error that the caller is to see: {"errorDetails"?, "cause": ...}.
// Only the X-Ray cause is Lambda's; without X-Ray the body is passed on as it is.
ReportedError reported_error(HttpRequest& request) {
    return {std::string(request.headers.get("Lambda-Runtime-Function-Error-Type")),
            std::move(request.body)};
}

// A streamed response that failed in the middle says so in trailers.
std::optional<ReportedError> streamed_error(HttpRequest const& request) {
    if (request.headers.get("Lambda-Runtime-Function-Response-Mode") != "streaming")
        return std::nullopt;
    auto const type = request.headers.get("Lambda-Runtime-Function-Error-Type");
    if (type.empty()) return std::nullopt;
    auto body = from_base64(request.headers.get("Lambda-Runtime-Function-Error-Body"));
    return ReportedError{std::string(type), std::move(body).value_or("")};
}

HttpResponse handle_response(RuntimeHost& host, std::string_view id, HttpRequest& request) {
    auto const invocation_id = request.headers.get("Lambda-Runtime-Invocation-Id");
    auto const mode = request.headers.get("Lambda-Runtime-Function-Response-Mode");
    if (!mode.empty() && mode != "streaming") {
        return error_response(400, "InvalidFunctionResponseMode", "Invalid function response mode");
    }
    if (request.body_too_large) {
        if (auto const answer = host.respond_too_large(id, invocation_id); !answer) {
            return refused(host, answer.error(), "InvocationResponse");
        }
        return error_response(413, "RequestEntityTooLarge",
                              fmt::format("Exceeded maximum allowed payload size ({} bytes).",
                                          model::limits::kInvokeResponseBytesMax));
    }
    if (auto error = streamed_error(request)) {
        auto const answer = host.fail_invocation(id, invocation_id, std::move(*error));
        return answer ? accepted() : refused(host, answer.error(), "InvocationErrorResponse");
    }
    auto const answer = host.respond(id, invocation_id, std::move(request.body));
    return answer ? accepted() : refused(host, answer.error(), "InvocationResponse");
}

HttpResponse not_found() { return error_response(404, "NotFound", "404 page not found"); }

// Paths of APIs that exist on AWS and not here yet.
std::optional<HttpResponse> unsupported(std::string_view path) {
    if (path.starts_with("/2020-01-01/extension/")) {
        return error_response(501, "Extension.NotSupported",
                              "The Extensions API is not supported by this version of Meridian.");
    }
    if (path == "/2022-07-01/telemetry") {
        return error_response(501, "Telemetry.NotSupported",
                              "The Telemetry API is not supported by this version of Meridian.");
    }
    if (path == "/2020-08-15/logs") {
        return error_response(501, "Logs.NotSupported",
                              "The Logs API is not supported by this version of Meridian.");
    }
    return std::nullopt;
}

}  // namespace

asio::awaitable<HttpResponse> handle(RuntimeHost& host, HttpRequest request) {
    auto const path = request.path();
    if (!path.starts_with(kPrefix)) {
        if (path == "/ping" || path == "/2018-06-01/ping") {
            HttpResponse pong;
            pong.body = "pong";
            co_return pong;
        }
        co_return unsupported(path).value_or(not_found());
    }
    auto const rest = path.substr(kPrefix.size());
    bool const get = request.method == "GET";
    bool const post = request.method == "POST";

    if (rest == "invocation/next" && get) {
        auto answer = co_await host.next();
        if (!answer) co_return refused(host, answer.error(), "Ready");
        if (!*answer) {
            // The environment ends; nobody reads this.
            auto gone = error_response(500, "InternalServerError", "Internal Server Error");
            gone.close = true;
            co_return gone;
        }
        co_return event_response(std::move(**answer));
    }
    if (rest == "init/error" && post) {
        auto const answer = host.fail_init(reported_error(request));
        co_return answer ? accepted() : refused(host, answer.error(), "InitError");
    }
    if (rest.starts_with("invocation/") && post) {
        auto const call = rest.substr(std::string_view("invocation/").size());
        auto const slash = call.find('/');
        if (slash != std::string_view::npos) {
            std::string const id(call.substr(0, slash));
            auto const what = call.substr(slash + 1);
            if (what == "response") {
                auto answer = handle_response(host, id, request);
                // The caller's answer, which is due to run now, goes out first.
                co_await asio::post(asio::use_awaitable);
                co_return answer;
            }
            if (what == "error") {
                std::string const invocation_id(
                    request.headers.get("Lambda-Runtime-Invocation-Id"));
                auto const answer =
                    host.fail_invocation(id, invocation_id, reported_error(request));
                co_return answer ? accepted()
                                 : refused(host, answer.error(), "InvocationErrorResponse");
            }
        }
    }
    co_return not_found();
}

std::size_t body_bytes_max(HttpRequest const& head) {
    return head.path().ends_with("/response") ? model::limits::kInvokeResponseBytesMax
                                              : kErrorBodyBytesMax;
}

}  // namespace meridian::runtime_api
