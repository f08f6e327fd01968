#include "pipeline/template_deploy.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "base/counted.h"
#include "crypto/sha256.h"
#include "deploy/driver.h"
#include "deploy/plan_json.h"
#include "deploy/region_alarms.h"
#include "model/rollout_names.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;

constexpr char kInProgress[] = "InProgress";
constexpr char kSucceeded[] = "Succeeded";

std::vector<std::string> regions_of(std::vector<std::vector<std::string>> const& waves) {
    std::vector<std::string> out;
    for (auto const& wave : waves) out.insert(out.end(), wave.begin(), wave.end());
    return out;
}

// What a stack has published, by function.
json versions_of(deploy::StackRecord const& stack) {
    json out = json::object();
    for (auto const& resource : stack.resources) {
        if (resource.type != "AWS::Lambda::Version") continue;
        // "arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION"
        auto const& arn = resource.physical_id;
        auto const last = arn.rfind(':');
        if (last == std::string::npos || last == 0) continue;
        auto const before = arn.rfind(':', last - 1);
        if (before == std::string::npos) continue;
        out[arn.substr(before + 1, last - before - 1)] = arn.substr(last + 1);
    }
    return out;
}

std::string failures_of(deploy::RolloutRecord const& rollout) {
    std::string out;
    for (auto const& [region, part] : rollout.regions) {
        if (!part.failure.empty()) out += fmt::format("; {}: {}", region, part.failure);
        for (auto const& problem : part.problems) out += fmt::format("; {}: {}", region, problem);
    }
    return out;
}

}  // namespace

std::string rollout_id_of(std::string_view identity) {
    auto const digest = crypto::sha256(identity);
    std::string id(model::kRolloutIdPrefix);
    for (std::size_t i = 0; i < model::kRolloutIdChars; ++i)
        id += model::kRolloutIdAlphabet[digest[i] % model::kRolloutIdAlphabet.size()];
    return id;
}

io::Task<std::string> TemplateDeploy::account() {
    auto& [region, api] = *parts_.apis.begin();
    MERIDIAN_CO_TRY(auto const answer,
                    co_await api->query("sts", "GetCallerIdentity", json::object()));
    if (!answer.ok()) co_return std::unexpected(deploy::error_of("GetCallerIdentity", answer));
    co_return answer.body.value("Account", "");
}

io::Task<std::string> TemplateDeploy::state() {
    std::string out;
    for (auto const& [region, api] : parts_.apis) {
        MERIDIAN_CO_TRY(
            auto const answer,
            co_await api->rest("meridian", "GET", "/meridian/v1/rollouts/" + stage_.rollout));
        if (answer.ok()) {
            out = answer.body.value("State", kInProgress);
            if (out == kInProgress) break;
            continue;
        }
        auto error = deploy::error_of(region, answer);
        if (error.code != Errc::kResourceNotFound) co_return std::unexpected(std::move(error));
    }
    co_return out;
}

io::Task<> TemplateDeploy::abort() {
    for (auto const& [region, api] : parts_.apis) {
        // A region that does not answer hears of it from the others' records.
        (void)co_await api->rest("meridian", "POST",
                                 fmt::format("/meridian/v1/rollouts/{}/abort", stage_.rollout));
    }
    co_return Result<void>{};
}

io::Task<deploy::RolloutRecord> TemplateDeploy::begin(
    deploy::PlanningParts const& planning, std::map<std::string, deploy::PackagedStack> stacks,
    std::map<std::string, std::string>& packages) {
    MERIDIAN_CO_TRY(auto const plans,
                    co_await deploy::plan_regions(planning, std::move(stacks), stage_.waves));
    auto rollout = deploy::make_rollout(stage_.rollout, stage_.stack, plans, stage_.waves);
    rollout.source = stage_.source;
    rollout.bake_seconds = stage_.bake_seconds;
    for (auto const& [region, one] : plans) {
        auto const text = deploy::plan_text(one.plan);
        for (auto const line : std::views::split(text, '\n')) {
            if (!line.empty()) parts_.say(fmt::format("  {}: {}", region, std::string_view(line)));
        }
        // What stands already, for a rollout that has nothing to do.
        rollout.regions.at(region).work.now = one.record;
    }
    if (std::ranges::all_of(plans,
                            [](auto const& each) { return each.second.plan.changes_nothing(); })) {
        rollout.id.clear();
        co_return rollout;
    }
    MERIDIAN_CO_TRY(packages, co_await deploy::begin_rollout(planning, plans, rollout));
    co_return rollout;
}

io::Task<deploy::RegionStacks> TemplateDeploy::wish(std::string account_id) {
    MERIDIAN_CO_TRY(auto const opened, parts_.open(stage_.commit / stage_.folder));
    auto const file = (std::filesystem::path(stage_.folder) / opened.file_name).lexically_normal();
    MERIDIAN_CO_TRY(auto const parsed, deploy::Template::parse(file.string(), opened.text));
    MERIDIAN_CO_TRY(auto wished,
                    co_await deploy::make_region_stacks(parsed,
                                                        {.stack_name = stage_.stack,
                                                         .account = std::move(account_id),
                                                         .regions = regions_of(stage_.waves),
                                                         .parameters = stage_.parameters},
                                                        *opened.builder));
    for (auto const& warning : wished.warnings) parts_.say("  warning: " + warning);
    co_return wished;
}

TemplateDeploy::Done TemplateDeploy::done_with(deploy::RolloutRecord const& rollout,
                                               std::string_view how) const {
    Done done;
    for (auto const& [region, part] : rollout.regions)
        done.versions[region] = versions_of(part.work.now);
    done.message =
        fmt::format("{} in {}: {}", stage_.stack, counted(rollout.regions.size(), "region"), how);
    return done;
}

io::Task<TemplateDeploy::Done> TemplateDeploy::done_before(deploy::RolloutStore& store) {
    deploy::RolloutRecord rollout;
    for (auto const& [region, api] : parts_.apis) {
        MERIDIAN_CO_TRY(auto const standing, co_await store.stack(region, stage_.stack, true));
        if (standing) rollout.regions[region].work.now = *standing;
    }
    co_return done_with(rollout, stage_.rollout);
}

io::Task<TemplateDeploy::Done> TemplateDeploy::run() {
    MERIDIAN_CO_TRY(auto const account_id, co_await account());
    deploy::RolloutStore store(parts_.apis, stage_.holder);
    MERIDIAN_CO_TRY(auto const before, co_await state());
    // What is over needs no packages.
    if (before == kSucceeded) co_return co_await done_before(store);
    if (!before.empty() && before != kInProgress) {
        co_return fail(Errc::kInvalidParameterValue,
                       fmt::format("{} ended as {}", stage_.rollout, before));
    }

    MERIDIAN_CO_TRY(auto wished, co_await wish(account_id));
    std::map<std::string, std::string> packages;
    deploy::RolloutRecord rollout;
    if (before.empty()) {
        deploy::PlanningParts const planning{
            .apis = parts_.apis, .store = store, .pause = parts_.pause, .account = account_id};
        MERIDIAN_CO_TRY(rollout, co_await begin(planning, std::move(wished.stacks), packages));
        if (rollout.id.empty()) co_return done_with(rollout, "nothing to change");
    } else {
        parts_.say(fmt::format("  goes on with {}", stage_.rollout));
        for (auto& [region, stack] : wished.stacks) packages.merge(stack.packages);
        MERIDIAN_CO_TRY(rollout, co_await store.take(stage_.rollout));
    }
    parts_.say(
        fmt::format("  {}: to follow it: meridian rollout watch {}", stage_.stack, stage_.rollout));
    deploy::RegionAlarms alarms(parts_.clock);
    deploy::Driver driver(
        {.apis = parts_.apis,
         .store = store,
         .alarms = &alarms,
         .clock = parts_.clock,
         .random = parts_.random,
         .log = parts_.log,
         .pause = parts_.pause,
         .tell =
             [this](deploy::Progress const& progress) {
                 parts_.say(fmt::format("  {}{}{}", progress.region,
                                        progress.region.empty() ? "" : ": ", progress.text));
             },
         .account = account_id},
        std::move(rollout), std::move(packages));
    MERIDIAN_CO_TRY(auto const outcome, co_await driver.run());
    if (outcome == deploy::RolloutOutcome::kSucceeded)
        co_return done_with(driver.rollout(), stage_.rollout);
    co_return fail(Errc::kInvalidParameterValue,
                   fmt::format("{} ended as {}{}", stage_.rollout, name_of(outcome),
                               failures_of(driver.rollout())));
}

}  // namespace meridian::pipeline
