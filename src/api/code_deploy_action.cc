// CodeDeploy's PutLifecycleEventHookExecutionStatus: how a rollout's hooks say how it went.
// Source: CodeDeploy API Reference; JSON 1.1 protocol.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/rollout_actions.h"
#include "api/rollout_records.h"
#include "base/contains.h"
#include "model/rollout_names.h"
#include "store/retry.h"

namespace meridian::api {
namespace {

using nlohmann::json;
namespace member = rollout_member;

constexpr std::string_view kTarget = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus";
constexpr std::string_view kAction = "codedeploy:PutLifecycleEventHookExecutionStatus";
// What a hook may say; the API model has more states, for CodeDeploy itself.
constexpr std::array<std::string_view, 2> kAnswers = {"Succeeded", "Failed"};

HttpResponse reply(int status, json const& body) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/x-amz-json-1.1");
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

HttpResponse refusal(std::string_view type, std::string message) {
    auto out = reply(400, {{"__type", std::string(type)}, {"message", std::move(message)}});
    out.headers.add("x-amzn-ErrorType", std::string(type));
    return out;
}

std::string hook_text(json const& body, char const* name) {
    auto const found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

struct HookAnswer {
    std::string deployment;
    std::string execution;
    std::string status;
};

// Nothing: written.
io::Task<std::optional<HttpResponse>> write_once(RolloutCall const& call, HookAnswer const& given) {
    auto& store = call.services.store;
    auto const key = rollout_key(call.caller.account, given.deployment);
    MERIDIAN_CO_TRY(auto const record, co_await store.get(key));
    if (!record) {
        co_return refusal("DeploymentDoesNotExistException",
                          fmt::format("The deployment {} could not be found", given.deployment));
    }
    auto value = record->value;
    auto& hooks = value[member::kHooks];
    if (!hooks.contains(given.execution)) {
        co_return refusal(
            "InvalidLifecycleEventHookExecutionIdException",
            fmt::format("{} is no hook execution of {}", given.execution, given.deployment));
    }
    if (contains(kAnswers,
                 std::string_view(hooks[given.execution].get_ref<std::string const&>()))) {
        // Said twice is said once; said otherwise is too late.
        if (hooks[given.execution] == given.status) co_return std::nullopt;
        co_return refusal(
            "LifecycleEventAlreadyCompletedException",
            fmt::format("The hook execution {} has answered already", given.execution));
    }
    hooks[given.execution] = given.status;
    store::Transaction transaction{.caller = call.caller.arn};
    transaction.expectations.push_back({key, record->sequence});
    transaction.changes.push_back({.key = key, .value = std::move(value)});
    MERIDIAN_CO_CHECK(co_await store.commit(std::move(transaction)));
    co_return std::nullopt;
}

}  // namespace

asio::awaitable<HttpResponse> serve_code_deploy(Authorizer& authorizer, RolloutCall call) {
    if (call.request.headers.get("x-amz-target") != kTarget) {
        co_return refusal("UnknownOperationException",
                          "Of CodeDeploy there is only PutLifecycleEventHookExecutionStatus.");
    }
    auto const body = json::parse(call.request.body, nullptr, false);
    if (!body.is_object())
        co_return refusal("SerializationException", "The request's body is not a JSON object.");
    HookAnswer const given{.deployment = hook_text(body, "deploymentId"),
                           .execution = hook_text(body, "lifecycleEventHookExecutionId"),
                           .status = hook_text(body, "status")};
    auto const allowed = authorizer.authorize_code_deploy(call.caller, kAction, call.origin);
    if (!allowed) {
        auto out = refusal("AccessDeniedException", allowed.error().message);
        co_return out;
    }
    if (given.deployment.empty())
        co_return refusal("DeploymentIdRequiredException", "The deployment id is required");
    if (!model::is_rollout_id(given.deployment))
        co_return refusal("InvalidDeploymentIdException",
                          given.deployment + " is no deployment's id");
    if (!contains(kAnswers, std::string_view(given.status))) {
        co_return refusal("InvalidLifecycleEventHookExecutionStatusException",
                          "The status is Succeeded or Failed");
    }
    auto const written = co_await store::retry_conflicts(
        [&] { return write_once(call, given); }, []() -> io::Task<> { co_return Result<void>{}; },
        "The rollout could not be written: others write it all the time.");
    if (!written) {
        co_return reply(
            500, {{"__type", "InternalFailure"}, {"message", "The status could not be written."}});
    }
    if (*written) co_return **written;
    co_return reply(200, {{"lifecycleEventHookExecutionId", given.execution}});
}

}  // namespace meridian::api
