#include "transfer/import_plan.h"

#include <algorithm>

#include "transfer/account_plan.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

json find_or_null(std::map<std::string, json> const& things, std::string const& key) {
    auto const found = things.find(key);
    return found == things.end() ? json() : found->second;
}

bool of_account(LayerVersionRecord const& layer, std::string const& account) {
    return layer.arn.find(":" + account + ":layer:") != std::string::npos;
}

std::vector<Unit> plan_layers(Inventory const& wanted, Inventory const& there) {
    std::map<std::string, std::vector<LayerVersionRecord>> by_name, have;
    for (auto const& layer : wanted.layers) {
        // Another account's layers are used where they are.
        if (of_account(layer, there.account)) by_name[layer.layer()].push_back(layer);
    }
    for (auto const& layer : there.layers) have[layer.layer()].push_back(layer);
    std::vector<Unit> units;
    for (auto const& [name, versions] : by_name) units.push_back(plan_layer(versions, have[name]));
    return units;
}

}  // namespace

std::size_t ImportPlan::unit_count() const {
    std::size_t count = 0;
    for (auto const& phase : phases) count += phase.size();
    return count;
}

bool ImportPlan::same() const {
    return std::ranges::all_of(phases, [](std::vector<Unit> const& phase) {
        return std::ranges::all_of(phase, &Unit::same);
    });
}

ImportPlan plan_import(Inventory const& wanted, Inventory const& there,
                       FunctionPlanOptions options) {
    ImportPlan plan;
    std::vector<Unit> policies, roles, signing, functions;
    for (auto const& [arn, policy] : wanted.policies)
        policies.push_back(plan_policy(arn, policy, find_or_null(there.policies, arn)));
    for (auto const& [arn, role] : wanted.roles)
        roles.push_back(plan_role(arn, role, find_or_null(there.roles, arn)));
    for (auto const& [arn, config] : wanted.code_signing_configs) {
        signing.push_back(
            plan_code_signing_config(arn, config, there.code_signing_configs, plan.bindings));
    }
    for (auto const& function : wanted.functions) {
        std::optional<FunctionRecord> current;
        auto const found = std::ranges::find(there.functions, function.arn, &FunctionRecord::arn);
        if (found != there.functions.end()) current = *found;
        // What is known under another ARN here is compared under it.
        auto here = function;
        auto& parts = here.parts;
        auto const config = parts.value("CodeSigningConfigArn", "");
        if (plan.bindings.contains(config)) parts["CodeSigningConfigArn"] = plan.bindings[config];
        functions.push_back(plan_function(std::move(here), current, options));
    }
    plan.phases = {std::move(policies), std::move(roles), std::move(signing),
                   plan_layers(wanted, there), std::move(functions)};
    return plan;
}

}  // namespace meridian::transfer
