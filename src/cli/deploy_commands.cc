#include "cli/deploy_commands.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/source_builder.h"
#include "cli/template_parameters.h"
#include "cli/template_source.h"
#include "deploy/driver.h"
#include "deploy/plan_json.h"
#include "deploy/region_stacks.h"
#include "io/sleep.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

void show_plans(DeployTools const& tools, std::map<std::string, deploy::RegionPlan> const& plans,
                std::vector<std::string> const& warnings, bool is_all) {
    if (tools.output.json) {
        if (!is_all) return;
        json regions = json::object();
        for (auto const& [region, one] : plans) regions[region] = deploy::shown_plan(one.plan);
        tools.output.print(json{{"Plan", regions}, {"Warnings", warnings}}.dump(2) + "\n");
        return;
    }
    for (auto const& warning : warnings) tools.output.print(fmt::format("warning: {}\n", warning));
    for (auto const& [region, one] : plans) tools.output.print(region_plan_text(region, one.plan));
}

void show_drift(DeployTools const& tools, std::map<std::string, deploy::RegionPlan> const& plans) {
    json regions = json::object();
    for (auto const& [region, one] : plans) {
        auto const drift = deploy::find_drift(one.record, one.standing);
        regions[region] = deploy::shown_plan(drift);
        if (tools.output.json) continue;
        auto const text = deploy::drift_text(drift);
        tools.output.print(fmt::format("{}:{}\n{}", region,
                                       text.empty() ? " nothing was changed by hand" : "", text));
    }
    if (tools.output.json) tools.output.print(json{{"Drift", regions}}.dump(2) + "\n");
}

}  // namespace

io::Task<> deploy_template(DeployTools tools, DeployOptions options) {
    MERIDIAN_CO_TRY(auto const waves, deploy::parse_waves(options.waves, options.regions));
    MERIDIAN_CO_TRY(auto const source, co_await open_template(options.source));
    if (options.stack.empty()) {
        // A checkout's own name says nothing.
        options.stack = source.checkout ? std::string() : stack_name_of(source.folder);
        if (options.stack.empty())
            co_return fail(Errc::kInvalidParameterValue, "Give the stack a name: --stack NAME.");
    }
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, options.regions));
    MERIDIAN_CO_TRY(auto const account, co_await session.account());
    RegionBuilds region_builds(session.first());
    SourceBuilder builder(source.folder, &region_builds);
    builder.on_step = [&](std::string_view step) {
        if (!tools.output.json)
            tools.output.print(fmt::format("building {} in {}\n", step, region_builds.region()));
    };
    MERIDIAN_CO_TRY(auto parameters, read_parameters(options.parameters));
    MERIDIAN_CO_TRY(auto const parsed, deploy::Template::parse(source.file, source.text));
    MERIDIAN_CO_TRY(auto wished,
                    co_await deploy::make_region_stacks(parsed,
                                                        {.stack_name = options.stack,
                                                         .account = account,
                                                         .regions = options.regions,
                                                         .parameters = std::move(parameters),
                                                         .ignore_foreign = options.ignore_foreign},
                                                        builder));

    crypto::SystemRandom random;
    deploy::RolloutStore store(session.apis(), lease_holder(random));
    deploy::PlanningParts const planning{
        .apis = session.apis(),
        .store = store,
        .pause = [](std::chrono::milliseconds time) { return io::sleep_for(time); },
        .account = account};
    MERIDIAN_CO_TRY(auto const plans,
                    co_await deploy::plan_regions(planning, std::move(wished.stacks), waves));
    if (options.drift) {
        show_drift(tools, plans);
        co_return Result<void>{};
    }
    bool const nothing = std::ranges::all_of(
        plans, [](auto const& each) { return each.second.plan.changes_nothing(); });
    show_plans(tools, plans, wished.warnings, options.dry_run || nothing);
    if (options.dry_run || nothing) co_return Result<void>{};
    if (!options.yes) {
        if (!tools.confirm) {
            co_return fail(Errc::kInvalidParameterValue,
                           "Nobody is there to say yes: give --yes, or --dry-run for the plan.");
        }
        if (!tools.confirm("Do this? [y/N] "))
            co_return fail(Errc::kCancelled, "Nothing was done.");
    }
    auto rollout =
        deploy::make_rollout(deploy::make_rollout_id(random), options.stack, plans, waves);
    rollout.source = source.origin;
    rollout.bake_seconds = options.bake_seconds;
    rollout.roll_back_earlier_waves = options.roll_back_earlier_waves;
    MERIDIAN_CO_TRY(auto packages, co_await deploy::begin_rollout(planning, plans, rollout));
    if (!tools.output.json) {
        tools.output.print(
            fmt::format("{} begins. To follow or undo it: meridian rollout watch|abort {}\n",
                        rollout.id, rollout.id));
    }
    co_return co_await execute(tools, session, store,
                               {.rollout = std::move(rollout), .packages = std::move(packages)});
}

}  // namespace meridian::cli
