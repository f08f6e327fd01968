#include "api/action.h"

#include <unordered_map>

namespace meridian::api {

std::vector<ActionGroup> action_groups() {
    return {
        lambda_actions(),
        alias_actions(),
        permission_actions(),
        concurrency_actions(),
        function_url_actions(),
        event_invoke_config_actions(),
        function_option_actions(),
        event_source_mapping_actions(),
        layer_actions(),
        code_signing_actions(),
        iam_user_actions(),
        iam_group_actions(),
        iam_role_actions(),
        iam_policy_actions(),
        iam_entity_actions(),
        iam_instance_profile_actions(),
        sts_actions(),
    };
}

std::optional<Action> find_action(wire::OperationId operation) noexcept {
    static auto const by_operation = [] {
        std::unordered_map<wire::OperationId, Action> actions;
        for (auto const group : action_groups()) {
            for (auto const& entry : group) actions.emplace(entry.operation, entry.action);
        }
        return actions;
    }();
    auto const found = by_operation.find(operation);
    if (found == by_operation.end()) return std::nullopt;
    return found->second;
}

}  // namespace meridian::api
