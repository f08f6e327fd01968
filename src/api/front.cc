#include "api/front.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/action.h"
#include "api/cloudwatch_actions.h"
#include "api/function_url_service.h"
#include "api/invoke_action.h"
#include "api/local_program.h"
#include "api/logs_action.h"
#include "api/metrics_actions.h"
#include "api/repository_actions.h"
#include "api/test_event_actions.h"
#include "model/limits.h"
#include "wire/errors.h"
#include "wire/query_xml.h"
#include "wire/rest_json.h"
#include "wire/trace_id.h"

namespace meridian::api {
namespace {

namespace limits = model::limits;

constexpr std::string_view kMeridianService = "meridian";
// Of which hooks need one action.
constexpr std::string_view kCodeDeployService = "codedeploy";

// What went wrong inside is for the log, not for the client.
bool is_internal(Errc code) {
    return code == Errc::kInternal || code == Errc::kIo || code == Errc::kCorrupt ||
           code == Errc::kOutcomeUnknown || code == Errc::kUnavailable || code == Errc::kConflict ||
           code == Errc::kDeadlineExceeded;
}

Error too_large(HttpRequest const& request) {
    auto const route = wire::find_route(request.method, request.path(), request.query());
    auto const operation = route ? route->operation->name : std::string_view("requested");
    bool const invoke = operation == "Invoke";
    return {Errc::kRequestTooLarge,
            fmt::format("Request must be smaller than {} bytes for the {} operation",
                        Front::body_bytes_max(request), invoke ? "InvokeFunction" : operation)};
}

}  // namespace

Front::Front(FrontOptions options, Clock const& clock, Random& random, Log& log)
    : options_(std::move(options)), clock_(clock), random_(random), log_(log) {}

void Front::add_region(RegionServices const& region) {
    regions_.try_emplace(region.name.value(), region, clock_);
}

Front::Hosted::Hosted(RegionServices const& services_given, Clock const& clock)
    : services(services_given),
      verifier(clock, services.credentials),
      git_verifier(clock, services.credentials),
      authorizer({services.control, services.directory, services.authority, clock}) {}

Front::Hosted* Front::region_of(std::string_view name) {
    auto const found = regions_.find(name);
    return found == regions_.end() ? nullptr : &found->second;
}

std::size_t Front::body_bytes_max(HttpRequest const& head) {
    auto const path = head.path();
    if (wire::parse_function_url_host(head.headers.get("host")))
        return limits::kInvokeRequestBytesMax;
    if (repositories::is_git_path(path)) {
        return path.ends_with("/git-receive-pack") ? repositories::kPushBytesMax
                                                   : repositories::kFetchRequestBytesMax;
    }
    if (path.ends_with("/invocations")) return limits::kInvokeRequestBytesMax;
    // PublishLayerVersion is the only one with a body there.
    if (path.starts_with("/2018-10-31/layers/") && path.ends_with("/versions"))
        return limits::kCodeRequestBytesMax;
    // Records of executions hold templates of several regions, and packages; builds, sources.
    if (is_rollout_path(path) || is_build_path(path)) return limits::kCodeRequestBytesMax;
    if (path.ends_with("/code") || path.ends_with("/functions") || path.ends_with("/functions/")) {
        return limits::kCodeRequestBytesMax;
    }
    return limits::kControlRequestBytesMax;
}

HttpResponse Front::refusal(int status, std::string reason) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = nlohmann::json{{"message", reason}}.dump();
    return response;
}

bool Front::is_git(HttpRequest const& head) {
    return repositories::is_git_path(head.path()) &&
           !wire::parse_function_url_host(head.headers.get("host"));
}

std::optional<HttpResponse> Front::refuse_git(HttpRequest const& head) {
    auto const call = git_call(head);
    return call ? api::refuse_git(*call, head) : std::optional(call.error());
}

asio::awaitable<io::StreamedResponse> Front::handle_git(io::StreamedRequest request) {
    auto call = git_call(request.request);
    if (!call) co_return io::StreamedResponse{std::move(call.error())};
    co_return co_await serve_git(std::move(*call), std::move(request));
}

std::expected<GitCall, HttpResponse> Front::git_call(HttpRequest const& request) {
    if (!options_.verify_signatures && !is_local_program(request)) {
        return std::unexpected(
            git_refusal(403, "Signatures are off: only programs on this machine may call."));
    }
    auto path = request.path();
    path.remove_prefix(repositories::kGitPrefix.size());
    auto const name = path.substr(0, path.find('/'));
    auto* const region = region_of(name);
    if (region == nullptr)
        return std::unexpected(git_refusal(404, "There is no such region here."));
    return GitCall{
        .repositories = region->services.repositories,
        .authorizer = region->authorizer,
        .verifier = region->git_verifier,
        .anonymous = options_.verify_signatures ? std::nullopt : std::optional(options_.anonymous),
        .owner = options_.anonymous.account,
        .region = region->services.name,
        .origin = {.peer_address = request.peer_address,
                   .user_agent = std::string(request.headers.get("user-agent"))}};
}

HttpResponse Front::error(wire::Service service, Error const& error,
                          model::RequestId const& request_id) {
    if (is_internal(error.code)) {
        log_.write(LogLevel::kError, "a request failed inside",
                   {{"request", request_id.value()},
                    {"code", std::string(name_of(error.code))},
                    {"error", error.message}});
    }
    return wire::encode_error(service, error, request_id);
}

Result<Front::Call> Front::identify(HttpRequest const& request, Signatures signatures,
                                    model::RequestId request_id) {
    auto const scope = auth::parse_scope(request);
    auto const service = scope ? wire::service_of_signing_name(scope->service) : std::nullopt;
    bool const ours =
        scope && (scope->service == kMeridianService || scope->service == kCodeDeployService ||
                  scope->service == kCloudWatchService);
    Call call{.service = service.value_or(wire::Service::kLambda),
              .region = nullptr,
              .caller = options_.anonymous,
              .request_id = std::move(request_id),
              .endpoint = fmt::format("http://{}", request.headers.get("host")),
              .origin = {.peer_address = request.peer_address,
                         .user_agent = std::string(request.headers.get("user-agent"))}};
    bool const global = service && *service != wire::Service::kLambda;
    call.region = scope ? region_of(scope->region) : nullptr;
    if (signatures == Signatures::kVerified) {
        auto& knowing = call.region != nullptr ? *call.region : regions_.begin()->second;
        // The region is checked below, so that a scope that names a region we do not host says so.
        MERIDIAN_TRY(call.caller, knowing.verifier.verify(
                                      request, {.region = {},
                                                .service = scope && (service || ours)
                                                               ? scope->service
                                                               : std::string_view("lambda")}));
    } else if (!scope) {
        return fail(Errc::kMissingAuthentication, "Missing Authentication Token");
    }
    // IAM and STS answer from any region's copy.
    if (call.region == nullptr && global) call.region = &regions_.begin()->second;
    if (call.region == nullptr) {
        return fail(
            Errc::kInvalidSignature,
            fmt::format(
                "Credential should be scoped to a valid region. This server hosts no region '{}'.",
                scope->region));
    }
    if (signatures == Signatures::kIgnored) {
        call.caller.region = call.region->services.name;
        call.caller.service = std::string(scope->service);
    }
    return call;
}

Services Front::services_of(Call const& call) {
    auto const& services = call.region->services;
    return {.control = services.control,
            .iam = services.iam,
            .tokens = services.tokens,
            .authorizer = call.region->authorizer};
}

MetricsCall Front::metrics_call_of(Call const& call) const {
    auto const& services = call.region->services;
    return {.metrics = services.metrics,
            .authorizer = call.region->authorizer,
            .authority = services.authority,
            .caller = call.caller,
            .origin = call.origin,
            .now = clock_.wall_now()};
}

ActionContext Front::context_of(Call const& call) {
    return {.caller = call.caller,
            .account = call.account,
            .origin = call.origin,
            .region = call.region->services.name,
            .request_id = call.request_id.value(),
            .endpoint = call.endpoint,
            .code_locations = &call.region->services.code};
}

asio::awaitable<HttpResponse> Front::handle(HttpRequest request) {
    return dispatch(std::move(request),
                    options_.verify_signatures ? Signatures::kVerified : Signatures::kIgnored);
}

asio::awaitable<HttpResponse> Front::handle_from_function(HttpRequest request) {
    request.peer_address.clear();
    return dispatch(std::move(request), Signatures::kVerified);
}

asio::awaitable<HttpResponse> Front::dispatch(HttpRequest request, Signatures signatures) {
    model::RequestId request_id{make_uuid(random_)};
    if (CodeLocations::is_code_path(request.path())) {
        auto const name = CodeLocations::region_of(request.path());
        auto* const region = name ? region_of(name->value()) : nullptr;
        if (region == nullptr) co_return refusal(404, "Not Found");
        co_return co_await region->services.code.serve(region->services.control, std::move(request),
                                                       std::move(request_id));
    }
    // Before what guards the API: a URL may be for everybody, pages in browsers included.
    if (auto host = wire::parse_function_url_host(request.headers.get("host")))
        co_return co_await handle_url(std::move(*host), std::move(request), signatures,
                                      std::move(request_id));
    // Without signatures only programs on this machine may call.
    if (signatures == Signatures::kIgnored && !is_local_program(request)) {
        co_return error(
            wire::Service::kLambda,
            {Errc::kAccessDenied, "Signatures are off: only programs on this machine may call."},
            request_id);
    }
    if (request.body_too_large)
        co_return error(wire::Service::kLambda, too_large(request), request_id);
    auto call = identify(request, signatures, request_id);
    if (!call) {
        auto const scope = auth::parse_scope(request);
        if (scope && scope->service == kCloudWatchService)
            co_return cloudwatch_error(call.error(), request_id);
        auto const service = scope ? wire::service_of_signing_name(scope->service) : std::nullopt;
        co_return error(service.value_or(wire::Service::kLambda), call.error(), request_id);
    }
    if (call->caller.service == kCloudWatchService)
        co_return serve_cloudwatch(metrics_call_of(*call), request, call->request_id);
    if (call->caller.service == kMeridianService)
        co_return co_await handle_meridian(std::move(*call), std::move(request));
    if (call->caller.service == kCodeDeployService)
        co_return co_await handle_code_deploy(std::move(*call), std::move(request));
    if (call->service == wire::Service::kLambda)
        co_return co_await handle_lambda(std::move(*call), std::move(request));
    co_return co_await handle_query(std::move(*call), std::move(request));
}

asio::awaitable<HttpResponse> Front::handle_url(wire::FunctionUrlHost host, HttpRequest request,
                                                Signatures signatures,
                                                model::RequestId request_id) {
    auto* const region = region_of(host.region);
    auto const* const url =
        region == nullptr ? nullptr
                          : region->services.control.function_urls().published().find(host.url_id);
    if (url == nullptr) co_return unknown_url();
    // A browser sends preflights without credentials.
    if (auto const* const cors = cors_of(*url); cors != nullptr && wire::is_preflight(request))
        co_return wire::preflight_response(*cors, request);

    auto const now = clock_.wall_now();
    UrlCall call{.url = *url,
                 .caller = {.principal = {.kind = auth::Principal::Kind::kAnonymous}},
                 .origin = {.peer_address = request.peer_address,
                            .user_agent = std::string(request.headers.get("user-agent"))},
                 .request_id = std::move(request_id),
                 .trace_id = std::string(request.headers.get("x-amzn-trace-id")),
                 .time = now};
    if (call.trace_id.empty()) call.trace_id = wire::make_trace_header(random_, now);
    if (url->settings.value("AuthType", "") != "NONE") {
        if (signatures == Signatures::kIgnored) {
            if (!is_local_program(request)) co_return forbidden_url();
            call.caller = options_.anonymous;
        } else if (auto caller = region->verifier.verify(
                       request, {.region = host.region, .service = "lambda"})) {
            call.caller = std::move(*caller);
        } else if (caller.error().code == Errc::kMissingAuthentication) {
            co_return forbidden_url();
        } else {
            co_return error(wire::Service::kLambda, caller.error(), call.request_id);
        }
    }
    auto const& services = region->services;
    call.caller.region = services.name;
    co_return co_await serve_function_url(services.invoker, region->authorizer, services.name, log_,
                                          std::move(call), std::move(request));
}

asio::awaitable<HttpResponse> Front::handle_lambda(Call call, HttpRequest request) {
    auto const service = wire::Service::kLambda;
    auto route = wire::find_route(request.method, request.path(), request.query());
    if (!route) co_return error(service, route.error(), call.request_id);
    auto const& operation = *route->operation;
    bool const invoke = operation.id == wire::OperationId::kLambdaInvoke;
    auto const action = find_action(operation.id);
    if (!action && !invoke)
        co_return error(service, wire::not_implemented(operation), call.request_id);
    auto input = wire::decode_input(*route, request);
    if (!input) co_return error(service, input.error(), call.request_id);
    auto account =
        co_await call.region->authorizer.authorize(call.caller, operation, *input, call.origin);
    if (!account) co_return error(service, account.error(), call.request_id);
    call.account = std::move(*account);
    if (invoke) {
        auto& services = call.region->services;
        auto answer =
            co_await invoke_function(services.invoker, services.name, call.account, call.request_id,
                                     std::move(*input), std::move(request));
        co_return answer ? std::move(*answer) : error(service, answer.error(), call.request_id);
    }
    auto response = co_await answer_lambda(call, operation, *action, std::move(*input));
    if (!response) co_return error(service, response.error(), call.request_id);
    response->headers.add("x-amzn-RequestId", call.request_id.value());
    co_return std::move(*response);
}

io::Task<HttpResponse> Front::answer_lambda(Call const& call, wire::Operation const& operation,
                                            Action action, nlohmann::json input) {
    if (auto const* const shows = std::get_if<BodyAction>(&action)) {
        MERIDIAN_CO_TRY(auto body,
                        co_await (*shows)(services_of(call), context_of(call), std::move(input)));
        co_return wire::body_output(operation, std::move(body));
    }
    auto const act = std::get<MemberAction>(action);
    MERIDIAN_CO_TRY(auto output,
                    co_await act(services_of(call), context_of(call), std::move(input)));
    co_return wire::encode_output(operation, std::move(output));
}

asio::awaitable<HttpResponse> Front::handle_query(Call call, HttpRequest request) {
    auto query = wire::decode_query(call.service, request);
    if (!query) co_return error(call.service, query.error(), call.request_id);
    auto const& operation = *query->operation;
    auto const action = find_action(operation.id);
    if (!action) co_return error(call.service, wire::not_implemented(operation), call.request_id);
    auto account = co_await call.region->authorizer.authorize(call.caller, operation, query->input,
                                                              call.origin);
    if (!account) co_return error(call.service, account.error(), call.request_id);
    call.account = std::move(*account);
    auto const act = std::get<MemberAction>(*action);
    auto output = co_await act(services_of(call), context_of(call), std::move(query->input));
    if (!output) co_return error(call.service, output.error(), call.request_id);
    co_return wire::encode_query_output(operation, *output, call.request_id);
}

RolloutCall Front::rollout_call(Call call, HttpRequest request) const {
    return {.services = call.region->services.rollouts,
            .caller = std::move(call.caller),
            .origin = call.origin,
            .request = std::move(request),
            .now = clock_.wall_now()};
}

asio::awaitable<HttpResponse> Front::handle_code_deploy(Call call, HttpRequest request) {
    auto& authorizer = call.region->authorizer;
    auto const id = call.request_id.value();
    auto response =
        co_await serve_code_deploy(authorizer, rollout_call(std::move(call), std::move(request)));
    response.headers.add("x-amzn-RequestId", id);
    co_return response;
}

KeeperOf Front::keeper_of() {
    return [this](std::string_view name) -> vault::VaultKeeper* {
        auto* const region = region_of(name);
        return region != nullptr && region->services.vault ? &region->services.vault->keeper
                                                           : nullptr;
    };
}

asio::awaitable<HttpResponse> Front::handle_meridian(Call call, HttpRequest request) {
    auto& services = call.region->services;
    if (request.path().starts_with(kRepositoriesPath)) {
        auto answer = co_await serve_repositories(call.region->authorizer,
                                                  {.repositories = services.repositories,
                                                   .caller = std::move(call.caller),
                                                   .origin = call.origin,
                                                   .request = std::move(request),
                                                   .endpoint = call.endpoint});
        co_return answer ? std::move(*answer)
                         : error(wire::Service::kLambda, answer.error(), call.request_id);
    }
    if (request.path().starts_with(kPipelinesPath)) {
        auto answer =
            co_await serve_pipelines(call.region->authorizer, {.pipelines = services.pipelines,
                                                               .logs = services.logs,
                                                               .caller = std::move(call.caller),
                                                               .origin = call.origin,
                                                               .request = std::move(request)});
        co_return answer ? std::move(*answer)
                         : error(wire::Service::kLambda, answer.error(), call.request_id);
    }
    if (is_rollout_path(request.path())) {
        auto& authorizer = call.region->authorizer;
        auto const id = call.request_id;
        auto answer =
            co_await serve_rollouts(authorizer, rollout_call(std::move(call), std::move(request)));
        co_return answer ? std::move(*answer) : error(wire::Service::kLambda, answer.error(), id);
    }
    if (is_build_path(request.path())) {
        auto answer =
            co_await serve_builds(call.region->authorizer, {.services = services.builds,
                                                            .caller = std::move(call.caller),
                                                            .origin = call.origin,
                                                            .request = std::move(request)});
        co_return answer ? std::move(*answer)
                         : error(wire::Service::kLambda, answer.error(), call.request_id);
    }
    if (request.path().starts_with(kMetricsPath)) {
        auto answer = serve_metrics(metrics_call_of(call), request);
        co_return answer ? std::move(*answer)
                         : error(wire::Service::kLambda, answer.error(), call.request_id);
    }
    if (!request.path().starts_with(kFunctionsPath)) {
        auto answer =
            services.vault
                ? co_await serve_vault(call.region->authorizer, {.services = *services.vault,
                                                                 .caller = std::move(call.caller),
                                                                 .origin = call.origin,
                                                                 .request = std::move(request),
                                                                 .keeper_of = keeper_of(),
                                                                 .now = clock_.wall_now()})
                : Result<HttpResponse>(fail(Errc::kResourceNotFound,
                                            "This region keeps no vault: it was started "
                                            "with --vault off."));
        co_return answer ? std::move(*answer)
                         : error(wire::Service::kLambda, answer.error(), call.request_id);
    }
    auto answer =
        is_test_event_path(request.path())
            ? co_await serve_test_events(services.control, services.invoker,
                                         call.region->authorizer,
                                         {.caller = std::move(call.caller),
                                          .request = std::move(request),
                                          .origin = call.origin,
                                          .request_id = call.request_id})
            : co_await read_function_logs(services.logs, services.control, call.region->authorizer,
                                          std::move(call.caller), std::move(request), call.origin);
    co_return answer ? std::move(*answer)
                     : error(wire::Service::kLambda, answer.error(), call.request_id);
}

}  // namespace meridian::api
