#pragma once
// One API operation as a function of decoded input: what stands between the HTTP front (which
// routes, decodes, authenticates and encodes) and the control plane.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/authorizer.h"
#include "auth/sigv4_verifier.h"
#include "control/control_plane.h"
#include "iam/identity_manager.h"
#include "iam/security_tokens.h"
#include "io/task.h"
#include "model/names.h"
#include "wire/operation_id.h"

namespace meridian::api {

class CodeLocations;

struct ActionContext {
    auth::Caller caller;
    model::AccountId account;  // whose resources it is about
    RequestOrigin origin;
    model::RegionName region;
    std::string request_id;
    std::string
        endpoint;  // "http://127.0.0.1:8443", as the client called it: links are made from it
    CodeLocations const* code_locations = nullptr;
};

// Who asks, as whoever carries it out wants to know it.
[[nodiscard]] inline model::Requester requester(ActionContext const& context) {
    return {context.account, context.caller.arn};
}

// What actions are carried out by; it outlives the call.
struct Services {
    control::ControlPlane& control;
    iam::IdentityManager& iam;
    iam::SecurityTokens const& tokens;
    Authorizer const& authorizer;
};

// Input and output have the API model's member names (wire/rest_json.h). Threads: the region's
// executor.
using MemberAction = io::Task<nlohmann::json> (*)(Services, ActionContext, nlohmann::json input);
// Its output is the answer's body, for those that show functions: large values, asked for often.
using BodyAction = io::Task<std::string> (*)(Services, ActionContext, nlohmann::json input);
using Action = std::variant<MemberAction, BodyAction>;

struct ActionEntry {
    wire::OperationId operation;
    Action action;
};

// One group a file.
using ActionGroup = std::span<ActionEntry const>;
[[nodiscard]] ActionGroup lambda_actions() noexcept;
[[nodiscard]] ActionGroup alias_actions() noexcept;
[[nodiscard]] ActionGroup permission_actions() noexcept;
[[nodiscard]] ActionGroup concurrency_actions() noexcept;
[[nodiscard]] ActionGroup function_url_actions() noexcept;
[[nodiscard]] ActionGroup event_invoke_config_actions() noexcept;
[[nodiscard]] ActionGroup function_option_actions() noexcept;
[[nodiscard]] ActionGroup event_source_mapping_actions() noexcept;
[[nodiscard]] ActionGroup layer_actions() noexcept;
[[nodiscard]] ActionGroup code_signing_actions() noexcept;
[[nodiscard]] ActionGroup iam_user_actions() noexcept;
[[nodiscard]] ActionGroup iam_group_actions() noexcept;
[[nodiscard]] ActionGroup iam_instance_profile_actions() noexcept;
[[nodiscard]] ActionGroup iam_role_actions() noexcept;
[[nodiscard]] ActionGroup iam_policy_actions() noexcept;
[[nodiscard]] ActionGroup iam_entity_actions() noexcept;
[[nodiscard]] ActionGroup sts_actions() noexcept;
[[nodiscard]] std::vector<ActionGroup> action_groups();

// Nothing for an operation that this version does not have (501), and for Invoke, which is not one
// of these.
[[nodiscard]] std::optional<Action> find_action(wire::OperationId operation) noexcept;

}  // namespace meridian::api
