// `meridian stack …`: declared in rollout_commands.h.

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/rollout_commands.h"
#include "deploy/driver.h"
#include "deploy/plan_json.h"
#include "io/sleep.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

io::Task<json> ask_stacks(deploy::AwsApi& api) {
    MERIDIAN_CO_TRY(auto answer, co_await api.rest("meridian", "GET", "/meridian/v1/stacks"));
    if (!answer.ok()) co_return std::unexpected(deploy::error_of(api.region(), answer));
    co_return answer.body.value("Stacks", json::array());
}

std::string stack_text(deploy::StackRecord const& stack) {
    auto text = fmt::format("{} in {}\n", stack.name, stack.region);
    for (auto const& resource : stack.resources) {
        text += fmt::format("  {:<28} {:<28} {}{}\n", deploy::short_type(resource.type),
                            resource.logical_id, resource.physical_id,
                            resource.shared ? " (another region's stack made it)" : "");
    }
    for (auto const& leftover : stack.leftovers) {
        text += fmt::format("  could not be removed: {} {}: {}\n",
                            deploy::short_type(leftover.resource.type),
                            leftover.resource.physical_id, leftover.why);
    }
    for (auto const& [name, value] : stack.outputs) {
        text += fmt::format("  {} = {}\n", name,
                            value.is_string() ? value.get<std::string>() : value.dump());
    }
    return text;
}

// Without what may be secret.
json shown_stack(deploy::StackRecord const& stack) {
    json resources = json::array();
    for (auto const& resource : stack.resources) {
        resources.push_back({{"LogicalId", resource.logical_id},
                             {"Type", resource.type},
                             {"PhysicalId", resource.physical_id},
                             {"DeletionPolicy", resource.deletion_policy},
                             {"Shared", resource.shared}});
    }
    json leftovers = json::array();
    for (auto const& leftover : stack.leftovers) {
        leftovers.push_back({{"Type", leftover.resource.type},
                             {"PhysicalId", leftover.resource.physical_id},
                             {"Why", leftover.why}});
    }
    return {{"Name", stack.name},     {"Region", stack.region},   {"Resources", resources},
            {"Leftovers", leftovers}, {"Outputs", stack.outputs}, {"Rollout", stack.rollout},
            {"Source", stack.source}};
}

deploy::PlanningParts planning_of(DeploySession const& session, deploy::RolloutStore& store,
                                  std::string account) {
    return {.apis = session.apis(),
            .store = store,
            .pause = [](std::chrono::milliseconds time) { return io::sleep_for(time); },
            .account = std::move(account)};
}

std::unexpected<Error> no_such_stack(std::string const& name) {
    return fail(Errc::kResourceNotFound,
                fmt::format("There is no stack {} in these regions.", name));
}

}  // namespace

io::Task<> list_stacks(DeployTools tools, std::vector<std::string> regions) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    json all = json::object();
    for (auto const& [region, api] : session.apis()) {
        MERIDIAN_CO_TRY(auto const stacks, co_await ask_stacks(*api));
        all[region] = stacks;
        if (tools.output.json) continue;
        for (auto const& stack : stacks) {
            auto const active = stack.value("ActiveRollout", "");
            tools.output.print(fmt::format("{:<16} {:<28} {}{}\n", region, stack.value("Name", ""),
                                           counted(stack.value("ResourceCount", 0U), "resource"),
                                           active.empty() ? "" : ", changed by " + active));
        }
    }
    if (tools.output.json) tools.output.print(json{{"Stacks", all}}.dump(2) + "\n");
    co_return Result<void>{};
}

io::Task<> show_stack(DeployTools tools, std::vector<std::string> regions, std::string name) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    deploy::RolloutStore store(session.apis(), {});
    json all = json::object();
    for (auto const& region : regions) {
        MERIDIAN_CO_TRY(auto const stack,
                        co_await store.stack(region, name, /*even_if_active=*/true));
        if (!stack) continue;
        all[region] = shown_stack(*stack);
        if (!tools.output.json) tools.output.print(stack_text(*stack));
    }
    if (all.empty()) co_return no_such_stack(name);
    if (tools.output.json) tools.output.print(json{{"Stack", all}}.dump(2) + "\n");
    co_return Result<void>{};
}

io::Task<> show_drift(DeployTools tools, std::vector<std::string> regions, std::string name) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto account, co_await session.account());
    deploy::RolloutStore store(session.apis(), {});
    auto const planning = planning_of(session, store, std::move(account));
    json all = json::object();
    bool drifted = false;
    bool any = false;
    for (auto const& region : regions) {
        MERIDIAN_CO_TRY(auto const read, co_await deploy::read_region(planning, region, name));
        any = any || !read.record.resources.empty();
        auto const drift = deploy::find_drift(read.record, read.standing);
        drifted = drifted || drift.has_drift();
        all[region] = deploy::shown_plan(drift);
        if (tools.output.json) continue;
        auto const text = deploy::drift_text(drift);
        tools.output.print(fmt::format("{}:{}\n{}", region,
                                       text.empty() ? " nothing was changed by hand" : "", text));
    }
    if (!any) co_return no_such_stack(name);
    if (tools.output.json) tools.output.print(json{{"Drift", all}}.dump(2) + "\n");
    if (!drifted) co_return Result<void>{};
    co_return fail(Errc::kResourceConflict,
                   "Something was changed by hand; the next deploy takes it back.");
}

io::Task<> delete_stack(DeployTools tools, std::vector<std::string> regions, std::string name,
                        DeleteOptions options) {
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, regions));
    MERIDIAN_CO_TRY(auto const account, co_await session.account());
    crypto::SystemRandom random;
    deploy::RolloutStore store(session.apis(), lease_holder(random));
    auto const planning = planning_of(session, store, account);
    std::map<std::string, deploy::PackagedStack> wished;
    for (auto const& region : regions)
        wished[region].stack = {.name = name, .region = region, .account = account};
    std::vector<std::vector<std::string>> const waves{regions};
    MERIDIAN_CO_TRY(auto const plans,
                    co_await deploy::plan_regions(planning, std::move(wished), waves));
    bool const none = std::ranges::all_of(plans, [](auto const& each) {
        return each.second.record.resources.empty() && each.second.record.leftovers.empty();
    });
    if (none) co_return no_such_stack(name);
    json shown = json::object();
    for (auto const& [region, one] : plans) {
        shown[region] = deploy::shown_plan(one.plan);
        if (!tools.output.json) tools.output.print(region_plan_text(region, one.plan));
    }
    if (options.dry_run) {
        if (tools.output.json) tools.output.print(json{{"Plan", shown}}.dump(2) + "\n");
        co_return Result<void>{};
    }
    if (!options.yes) {
        if (!tools.confirm)
            co_return fail(Errc::kInvalidParameterValue, "Nobody is there to say yes: give --yes.");
        if (!tools.confirm("Remove all of this? [y/N] "))
            co_return fail(Errc::kCancelled, "Nothing was done.");
    }
    auto rollout = deploy::make_rollout(deploy::make_rollout_id(random), name, plans, waves);
    rollout.removes_stack = true;
    MERIDIAN_CO_CHECK(co_await store.create(rollout));
    co_return co_await execute(tools, session, store, {.rollout = std::move(rollout)});
}

}  // namespace meridian::cli
