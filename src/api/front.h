#pragma once
// The public port: which region and service a request is for, who sent it, what it asks, and the
// answer in AWS's form. One port serves every hosted region: the credential scope names it (iam and
// sts are global).
//
// Threads: belongs to the executor of its HTTP server. Built by main.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "api/action.h"
#include "api/build_actions.h"
#include "api/code_location.h"
#include "api/git_service.h"
#include "api/metrics_actions.h"
#include "api/pipeline_actions.h"
#include "api/rollout_actions.h"
#include "api/vault_actions.h"
#include "auth/sigv4_verifier.h"
#include "base/clock.h"
#include "base/http_message.h"
#include "base/log.h"
#include "base/random.h"
#include "control/control_plane.h"
#include "invoke/invoker.h"
#include "telemetry/invocation_metrics.h"
#include "telemetry/log_store.h"
#include "wire/api_model.h"
#include "wire/function_url.h"

namespace meridian::api {

// One hosted region's parts, as the front calls them.
struct RegionServices {
    model::RegionName name;
    control::ControlPlane& control;
    iam::IdentityManager& iam;
    iam::SecurityTokens const& tokens;
    iam::Directory const& directory;
    iam::Authority const& authority;
    auth::CredentialSource const& credentials;
    invoke::Invoker& invoker;
    telemetry::LogStore& logs;
    telemetry::InvocationMetrics const& metrics;
    CodeLocations& code;
    repositories::Repositories& repositories;
    pipeline::Pipelines& pipelines;
    RolloutServices rollouts;
    BuildServices builds;
    std::optional<VaultServices> vault;  // nothing: the region keeps none
};

struct FrontOptions {
    bool verify_signatures = true;
    // Who every caller is when signatures are not verified.
    auth::Caller anonymous;
};

class Front {
  public:
    Front(FrontOptions options, Clock const& clock, Random& random, Log& log);

    // At least one, before the first request.
    void add_region(RegionServices const& region);

    // Of the regions that were added. The front outlives what it gives.
    [[nodiscard]] KeeperOf keeper_of();

    asio::awaitable<HttpResponse> handle(HttpRequest request);
    // The same for a request that code in a sandbox sends. Its signature is always verified: it has
    // credentials of its own, and what --auth off means is programs of this machine's user. It has
    // no aws:SourceIp, since a sandbox has no address that anybody else could know.
    asio::awaitable<HttpResponse> handle_from_function(HttpRequest request);
    // For HttpServerOptions.
    [[nodiscard]] static std::size_t body_bytes_max(HttpRequest const& head);
    [[nodiscard]] static HttpResponse refusal(int status, std::string reason);
    // For HttpStreaming: git's requests, whose bodies go to files once their sender may send them.
    [[nodiscard]] static bool is_git(HttpRequest const& head);
    [[nodiscard]] std::optional<HttpResponse> refuse_git(HttpRequest const& head);
    asio::awaitable<io::StreamedResponse> handle_git(io::StreamedRequest request);

  private:
    // A region with what guards it.
    struct Hosted {
        Hosted(RegionServices const& services_given, Clock const& clock);

        RegionServices services;
        auth::Verifier verifier;  // each region knows the account's keys by itself
        auth::GitVerifier git_verifier;
        Authorizer authorizer;
    };
    enum class Signatures { kVerified, kIgnored };
    struct Call {
        wire::Service service;
        Hosted* region = nullptr;
        auth::Caller caller;
        model::RequestId request_id;
        std::string endpoint;  // "http://127.0.0.1:4566", as the client reached it
        RequestOrigin origin;
        model::AccountId account = {};  // whose resources it is about; known once it is authorized
    };

    [[nodiscard]] static ActionContext context_of(Call const& call);
    [[nodiscard]] MetricsCall metrics_call_of(Call const& call) const;
    asio::awaitable<HttpResponse> dispatch(HttpRequest request, Signatures signatures);
    [[nodiscard]] Result<Call> identify(HttpRequest const& request, Signatures signatures,
                                        model::RequestId request_id);
    [[nodiscard]] Hosted* region_of(std::string_view name);
    [[nodiscard]] static Services services_of(Call const& call);
    asio::awaitable<HttpResponse> handle_url(wire::FunctionUrlHost host, HttpRequest request,
                                             Signatures signatures, model::RequestId request_id);
    // A refusal where the region is not here, or nobody may call.
    [[nodiscard]] std::expected<GitCall, HttpResponse> git_call(HttpRequest const& request);
    asio::awaitable<HttpResponse> handle_lambda(Call call, HttpRequest request);
    io::Task<HttpResponse> answer_lambda(Call const& call, wire::Operation const& operation,
                                         Action action, nlohmann::json input);
    asio::awaitable<HttpResponse> handle_query(Call call, HttpRequest request);
    asio::awaitable<HttpResponse> handle_meridian(Call call, HttpRequest request);
    asio::awaitable<HttpResponse> handle_code_deploy(Call call, HttpRequest request);
    [[nodiscard]] RolloutCall rollout_call(Call call, HttpRequest request) const;
    [[nodiscard]] HttpResponse error(wire::Service service, Error const& error,
                                     model::RequestId const& request_id);

    FrontOptions const options_;
    Clock const& clock_;
    Random& random_;
    Log& log_;
    std::map<std::string, Hosted, std::less<>> regions_;
};

}  // namespace meridian::api
