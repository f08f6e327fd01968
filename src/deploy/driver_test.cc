// Executions against two fake regions: how they end, and that one which is cut short at any call
// is finished by another driver from the records alone.

#include <algorithm>

#include "deploy/deploy_test_support.h"

namespace meridian::deploy {
namespace {

using DriverTest = DeployFixture;

TEST_F(DriverTest, MakesAStackInEveryRegion) {
    auto const run = deploy({});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kSucceeded);
    for (auto const* const api : {&first, &second}) {
        ASSERT_EQ(api->functions.size(), 1U);
        EXPECT_EQ(alias_of(*api), "1");
        EXPECT_EQ(api->rollouts.at(last_id)["State"], "Succeeded");
        EXPECT_EQ(api->stacks.at("shop")["ActiveRollout"], "");
        EXPECT_EQ(api->stacks.at("shop")["Record"]["Resources"].size(), 4U);
    }
    EXPECT_EQ(account.roles.size(), 2U) << "a role a region";
}

TEST_F(DriverTest, TheSameInputChangesNothing) {
    ASSERT_TRUE(deploy({}).outcome);
    auto const plans = plan({}, {{kFirst, kSecond}});
    ASSERT_TRUE(plans) << plans.error().message;
    for (auto const& [region, one] : *plans) {
        EXPECT_TRUE(one.plan.changes_nothing()) << region;
        EXPECT_FALSE(one.plan.has_drift()) << region;
    }
}

TEST_F(DriverTest, ShiftsTrafficInSteps) {
    ASSERT_TRUE(deploy({}).outcome);
    std::vector<std::string> seen;
    on_tell = [&](std::string const& text) {
        if (text.contains("% of the traffic")) seen.push_back(text);
    };
    auto const began = clock.wall_now();
    auto const run =
        deploy({.code = "two", .shift = "Linear40PercentEvery30Seconds"}, {.waves = {{kFirst}}});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kSucceeded);
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_TRUE(seen[0].contains("40%")) << seen[0];
    EXPECT_TRUE(seen[1].contains("80%")) << seen[1];
    EXPECT_TRUE(seen[2].contains("100%")) << seen[2];
    EXPECT_EQ(alias_of(first), "2");
    EXPECT_EQ(alias_of(second), "1");
    EXPECT_GE(clock.wall_now() - began, std::chrono::seconds(60));
    // Its old version is kept: DeletionPolicy Retain.
    EXPECT_EQ(first.functions.begin()->second.versions.size(), 2U);
}

TEST_F(DriverTest, AFailedUpdateGoesBack) {
    ASSERT_TRUE(deploy({}).outcome);
    second.refuses = "/configuration";
    auto const run = deploy({.code = "two", .memory = 256});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kRolledBack);
    second.refuses = {};
    for (auto const* const api : {&first, &second}) {
        EXPECT_EQ(alias_of(*api), "1");
        auto const& configuration = api->functions.begin()->second.configuration;
        EXPECT_EQ(configuration.value("MemorySize", 128), 128);
        EXPECT_EQ(configuration["CodeSha256"], crypto::sha256_base64("one"));
    }
    // A wave stands or falls together.
    EXPECT_EQ(run.rollout.regions.at(kFirst).phase, RegionPhase::kRolledBack);
    auto const plans = plan({}, {{kFirst, kSecond}});
    ASSERT_TRUE(plans);
    for (auto const& [region, one] : *plans) EXPECT_TRUE(one.plan.changes_nothing()) << region;
}

TEST_F(DriverTest, AFailedCreationLeavesNothing) {
    first.refuses = "/aliases";
    auto const run = deploy({});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kRolledBack);
    EXPECT_TRUE(first.functions.empty());
    EXPECT_TRUE(second.functions.empty());
    EXPECT_TRUE(account.roles.empty());
}

struct WaveRow {
    bool earlier_too;
    std::string first_alias;
    RegionPhase first_phase;
};

TEST_F(DriverTest, EarlierWavesStayOrGoBackAsAsked) {
    for (auto const& row :
         {WaveRow{false, "2", RegionPhase::kDone}, WaveRow{true, "1", RegionPhase::kRolledBack}}) {
        first.functions.clear(), first.stacks.clear();
        second.functions.clear(), second.stacks.clear();
        account.roles.clear();
        second.refuses = {};
        ASSERT_TRUE(deploy({}).outcome);
        second.refuses = "/code";
        auto const run = deploy({.code = "two"}, {.waves = {{kFirst}, {kSecond}},
                                                  .roll_back_earlier_waves = row.earlier_too});
        ASSERT_TRUE(run.outcome) << run.outcome.error().message;
        EXPECT_EQ(*run.outcome, RolloutOutcome::kRolledBack);
        EXPECT_EQ(alias_of(first), row.first_alias);
        EXPECT_EQ(run.rollout.regions.at(kFirst).phase, row.first_phase);
        EXPECT_EQ(alias_of(second), "1");
    }
}

TEST_F(DriverTest, AnAlarmTurnsAShiftBack) {
    ASSERT_TRUE(deploy({}).outcome);
    auto parts = StackParts{.code = "two", .shift = "Canary10Percent5Minutes"};
    parts.alarms = {"not-there"};
    auto const run = deploy(parts, {.waves = {{kFirst}}});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    // Nobody can say that an alarm is off that there is none of.
    EXPECT_EQ(*run.outcome, RolloutOutcome::kRolledBack);
    EXPECT_EQ(alias_of(first), "1");
    EXPECT_TRUE(run.rollout.regions.at(kFirst).failure.contains("not-there"));
}

TEST_F(DriverTest, AShiftThatNobodyCalledIsUnproven) {
    ASSERT_TRUE(deploy({}).outcome);
    alarms.called = 0;
    auto const run =
        deploy({.code = "two", .shift = "Canary10Percent30Seconds"}, {.waves = {{kFirst}}});
    ASSERT_TRUE(run.outcome);
    EXPECT_EQ(*run.outcome, RolloutOutcome::kSucceeded);
    EXPECT_EQ(run.rollout.regions.at(kFirst).unproven.size(), 1U);
}

TEST_F(DriverTest, AHookThatFailsKeepsTheTraffic) {
    ASSERT_TRUE(deploy({}).outcome);
    first.functions["hook"].configuration = {{"FunctionName", "hook"}};
    for (auto const* const answer : {"Failed", "Succeeded"}) {
        first.on_invoke = [&, answer](std::string const& name, nlohmann::json const& payload) {
            EXPECT_EQ(name, "hook");
            auto& rollout = first.rollouts.at(payload["DeploymentId"].get<std::string>());
            rollout["Hooks"][payload["LifecycleEventHookExecutionId"].get<std::string>()] = answer;
        };
        std::vector<std::string> weights;
        on_tell = [&](std::string const& text) {
            if (text.contains("% of the traffic")) weights.push_back(text);
        };
        auto const run =
            deploy({.code = "two", .shift = "Canary50Percent10Seconds", .before_hook = "hook"},
                   {.waves = {{kFirst}}});
        ASSERT_TRUE(run.outcome) << run.outcome.error().message;
        bool const passed = std::string(answer) == "Succeeded";
        EXPECT_EQ(*run.outcome, passed ? RolloutOutcome::kSucceeded : RolloutOutcome::kRolledBack);
        EXPECT_EQ(weights.empty(), !passed);
    }
}

// What is told when a phase begins, of an update with a canary and a bake.
struct AbortRow {
    std::string when;
    bool goes_back;
};

TEST_F(DriverTest, AnAbortWorksInEveryPhase) {
    for (auto const& row :
         {AbortRow{"update Lambda Function", true}, AbortRow{"update Lambda Version", true},
          AbortRow{": 50% of the traffic", true}, AbortRow{"100% of the traffic", true},
          AbortRow{"bakes", true}}) {
        first.functions.clear(), first.stacks.clear();
        second.functions.clear(), second.stacks.clear();
        account.roles.clear();
        on_tell = nullptr;
        ASSERT_TRUE(deploy({}).outcome);
        on_tell = [&](std::string const& text) {
            if (!text.contains(row.when)) return;
            for (auto* const api : {&first, &second}) {
                for (auto& [id, rollout] : api->rollouts) rollout["AbortRequested"] = true;
            }
        };
        auto const run =
            deploy({.code = "two", .shift = "Canary50Percent60Seconds"}, {.bake_seconds = 60});
        ASSERT_TRUE(run.outcome) << row.when << ": " << run.outcome.error().message;
        EXPECT_EQ(*run.outcome, RolloutOutcome::kAborted) << row.when;
        EXPECT_EQ(alias_of(first), "1") << row.when;
        EXPECT_EQ(alias_of(second), "1") << row.when;
        EXPECT_EQ(first.functions.begin()->second.configuration["CodeSha256"],
                  crypto::sha256_base64("one"))
            << row.when;
    }
}

TEST_F(DriverTest, WhatWasCutShortAtAnyCallIsFinishedByAnother) {
    // How many calls an undisturbed update makes.
    ASSERT_TRUE(deploy({}).outcome);
    fate.calls = 0;
    StackParts const update{.code = "two", .memory = 256, .shift = "Canary20Percent3Seconds"};
    ASSERT_TRUE(deploy(update).outcome);
    auto const all = fate.calls;
    ASSERT_GT(all, 30U);
    for (std::size_t dies_at = 1; dies_at < all; ++dies_at) {
        first.functions.clear(), first.stacks.clear(), first.rollouts.clear();
        second.functions.clear(), second.stacks.clear(), second.rollouts.clear();
        account.roles.clear();
        fate = {};
        ASSERT_TRUE(deploy({}).outcome);
        last_id.clear();
        fate = {.calls = 0, .dies_at = dies_at};
        auto const cut = deploy(update);
        fate = {};
        bool const begun = !last_id.empty();
        if (!begun) {
            // The record is in some regions perhaps; nothing was changed, and it can be undone.
            EXPECT_EQ(alias_of(first), "1") << dies_at;
            continue;
        }
        if (cut.outcome && *cut.outcome == RolloutOutcome::kSucceeded) continue;
        auto const run = resume();
        ASSERT_TRUE(run.outcome) << dies_at << ": " << run.outcome.error().message;
        // A driver whose every call fails may have turned back before it gave up.
        bool const forward = *run.outcome == RolloutOutcome::kSucceeded;
        auto const expected = std::string(forward ? "2" : "1");
        EXPECT_EQ(alias_of(first), expected) << dies_at;
        EXPECT_EQ(alias_of(second), expected) << dies_at;
        EXPECT_EQ(first.functions.begin()->second.configuration.value("MemorySize", 128),
                  forward ? 256 : 128)
            << dies_at;
        EXPECT_EQ(first.functions.size(), 1U) << dies_at;
        EXPECT_EQ(account.roles.size(), 2U) << dies_at;
    }
}

TEST_F(DriverTest, ARegionThatDiesIsNamedAndTheOthersGoBack) {
    ASSERT_TRUE(deploy({}).outcome);
    on_tell = [&](std::string const& text) {
        if (text.contains("100% of the traffic")) second.is_down = true;
    };
    auto const run = deploy({.code = "two", .shift = "Canary50Percent5Seconds"});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kRollbackFailed);
    EXPECT_EQ(alias_of(first), "1");
    EXPECT_EQ(run.rollout.regions.at(kSecond).phase, RegionPhase::kStuck);
    EXPECT_FALSE(run.rollout.regions.at(kSecond).problems.empty());
    // When it is back, the execution is finished there.
    second.is_down = false;
    on_tell = nullptr;
    auto const again = resume();
    ASSERT_TRUE(again.outcome) << again.outcome.error().message;
    EXPECT_EQ(*again.outcome, RolloutOutcome::kRolledBack);
    EXPECT_EQ(alias_of(second), "1");
    EXPECT_EQ(second.stacks.at("shop")["ActiveRollout"], "");
}

TEST_F(DriverTest, AnotherDriverWithAnOlderEpochIsStopped) {
    ASSERT_TRUE(deploy({}).outcome);
    on_tell = [&](std::string const& text) {
        if (!text.contains("50% of the traffic")) return;
        for (auto* const api : {&first, &second}) {
            auto& rollout = api->rollouts.at(last_id);
            rollout["Epoch"] = rollout["Epoch"].get<int>() + 1;
        }
    };
    auto const run = deploy({.code = "two", .shift = "Canary50Percent60Seconds"});
    ASSERT_FALSE(run.outcome);
    EXPECT_EQ(run.outcome.error().code, Errc::kResourceConflict);
    on_tell = nullptr;
    auto const finished = resume();
    ASSERT_TRUE(finished.outcome) << finished.outcome.error().message;
    EXPECT_EQ(*finished.outcome, RolloutOutcome::kSucceeded);
    EXPECT_EQ(alias_of(first), "2");
}

}  // namespace
}  // namespace meridian::deploy
