// Executions against two fake regions: how they end, and that one which is cut short at any call
// is finished by another driver from the records alone.

#include <algorithm>
#include <array>

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

struct AlarmRow {
    AlarmState state;
    std::string shift;
    std::uint64_t bake_seconds;
    std::string failure;  // empty: it succeeds
};

TEST_F(DriverTest, AnAlarmWithoutDataIsNotHealthyOnceThereWasTimeForSome) {
    constexpr char kCanary[] = "Canary10Percent30Seconds";
    constexpr char kAtOnce[] = "AllAtOnce";
    using enum AlarmState;
    for (auto const& row : {AlarmRow{kOk, kCanary, 10, ""}, AlarmRow{kAlarm, kCanary, 0, "is on"},
                            AlarmRow{kAlarm, kAtOnce, 0, "is on"},
                            AlarmRow{kInsufficientData, kCanary, 0, "has no data"},
                            AlarmRow{kInsufficientData, kAtOnce, 0, ""},
                            AlarmRow{kInsufficientData, kAtOnce, 10, "has no data"}}) {
        SCOPED_TRACE(fmt::format("{} {} {}", name_of(row.state), row.shift, row.bake_seconds));
        first.functions.clear(), first.stacks.clear();
        account.roles.clear();
        ASSERT_TRUE(deploy({.own_alarm = "errors"}, {.waves = {{kFirst}}}).outcome);
        alarms.state = row.state;
        auto const run =
            deploy({.code = "two", .shift = row.shift, .alarms = {"errors"}, .own_alarm = "errors"},
                   {.waves = {{kFirst}}, .bake_seconds = row.bake_seconds});
        ASSERT_TRUE(run.outcome) << run.outcome.error().message;
        bool const passes = row.failure.empty();
        EXPECT_EQ(*run.outcome, passes ? RolloutOutcome::kSucceeded : RolloutOutcome::kRolledBack);
        EXPECT_EQ(alias_of(first), passes ? "2" : "1");
        auto const& failure = run.rollout.regions.at(kFirst).failure;
        EXPECT_TRUE(passes ? failure.empty() : failure.contains(row.failure)) << failure;
    }
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

bool is_about_waiting(std::string const& text) {
    return text.contains("has ended and not said how");
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
        EXPECT_EQ(std::ranges::count_if(told, is_about_waiting), 0);
    }
}

TEST_F(DriverTest, AHookThatEndsWithoutAWordIsNamedOnceWhileItIsWaitedFor) {
    ASSERT_TRUE(deploy({}).outcome);
    first.functions["hook"].configuration = {{"FunctionName", "hook"}};
    std::string hook_id;
    first.on_invoke = [&](std::string const&, nlohmann::json const& payload) {
        hook_id = payload["LifecycleEventHookExecutionId"];
    };
    int pauses = 0;
    on_pause = [&] {
        if (!hook_id.empty() && ++pauses == 5)
            first.rollouts.at(last_id)["Hooks"][hook_id] = "Succeeded";
    };
    auto const run =
        deploy({.code = "two", .shift = "Canary50Percent10Seconds", .before_hook = "hook"},
               {.waves = {{kFirst}}});
    ASSERT_TRUE(run.outcome) << run.outcome.error().message;
    EXPECT_EQ(*run.outcome, RolloutOutcome::kSucceeded);
    EXPECT_EQ(std::ranges::count_if(told, is_about_waiting), 1);
}

TEST_F(DriverTest, AHookThatNoRegionTellsOfIsItsSuccessorsToWaitFor) {
    ASSERT_TRUE(deploy({}).outcome);
    std::string hook_id;
    first.functions["hook"].configuration = {{"FunctionName", "hook"}};
    first.on_invoke = [&](std::string const&, nlohmann::json const& payload) {
        hook_id = payload["LifecycleEventHookExecutionId"];
    };
    bool brief = true;
    on_tell = [&](std::string const& text) {
        // Once for less than the lease, which says so and no more.
        if (text.contains("no region answers") && brief)
            first.is_down = second.is_down = brief = false;
        if (text.contains("the regions answer again")) first.is_down = second.is_down = true;
        if (text.contains("BeforeAllowTraffic hook")) {
            on_pause = [&] {
                if (!hook_id.empty() && brief) first.is_down = second.is_down = true;
            };
        }
    };
    auto const run =
        deploy({.code = "two", .shift = "Canary50Percent10Seconds", .before_hook = "hook"},
               {.waves = {{kFirst}}});
    ASSERT_FALSE(run.outcome);
    EXPECT_EQ(run.outcome.error().code, Errc::kUnavailable);
    EXPECT_TRUE(run.outcome.error().message.contains("no region has answered"))
        << run.outcome.error().message;
    EXPECT_EQ(std::ranges::count_if(told, [](auto const& t) { return t.contains("no region"); }),
              2);
    EXPECT_EQ(run.rollout.regions.at(kFirst).phase, RegionPhase::kBeforeHooks) << "nothing failed";
    on_tell = nullptr, on_pause = nullptr;
    first.is_down = second.is_down = false;
    first.rollouts.at(last_id)["Hooks"][hook_id] = "Succeeded";
    auto const again = resume();
    ASSERT_TRUE(again.outcome) << again.outcome.error().message;
    EXPECT_EQ(*again.outcome, RolloutOutcome::kSucceeded);
    first.functions.erase("hook");
    EXPECT_EQ(alias_of(first), "2");
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

// An update of both regions with a canary, both hooks and a bake, and how it ends undisturbed.
struct CutRow {
    std::string name;
    std::string hooks_say;  // what the AfterAllowTraffic hook answers
    AlarmState alarm;       // once the bake begins
    bool aborted;           // once the bake begins
    RolloutOutcome outcome;
};

// Where a driver that can reach nothing any more may end instead: it turns back before it gives up.
bool may_end_as(RolloutOutcome found, CutRow const& row) {
    return found == row.outcome || found == RolloutOutcome::kRolledBack;
}

// In parts of every so many calls: under a sanitizer a row takes minutes.
constexpr std::size_t kCutParts = 3;

class DriverCutTest : public DeployFixture,
                      public testing::WithParamInterface<std::tuple<CutRow, std::size_t>> {};

TEST_P(DriverCutTest, IsFinishedByAnotherWhereverItWasCutShort) {
    using enum RolloutOutcome;
    auto const& row = std::get<0>(GetParam());
    // The call from which on the rows differ.
    std::size_t turns_at = 0;
    auto const begin_again = [&] {
        for (auto* const api : {&first, &second}) {
            api->functions.clear(), api->stacks.clear(), api->rollouts.clear();
        }
        account.roles.clear();
        fate = {};
        alarms.state = AlarmState::kOk;
        on_tell = nullptr;
        ASSERT_TRUE(deploy({.own_alarm = "errors"}).outcome);
        for (auto* const api : {&first, &second}) {
            api->functions["before"].configuration = {{"FunctionName", "before"}};
            api->functions["after"].configuration = {{"FunctionName", "after"}};
            api->on_invoke = [&row, api](std::string const& name, nlohmann::json const& event) {
                auto& rollout = api->rollouts.at(event["DeploymentId"].get<std::string>());
                rollout["Hooks"][event["LifecycleEventHookExecutionId"].get<std::string>()] =
                    name == "after" ? row.hooks_say : "Succeeded";
            };
        }
        on_tell = [&](std::string const& text) {
            if (turns_at == 0 && text.contains("AfterAllowTraffic")) turns_at = fate.calls;
            if (!text.contains("bakes")) return;
            alarms.state = row.alarm;
            for (auto* const api : {&first, &second}) {
                for (auto& [id, rollout] : api->rollouts) {
                    if (row.aborted) rollout["AbortRequested"] = true;
                }
            }
        };
        last_id.clear();
    };
    StackParts const update{.code = "two",
                            .memory = 256,
                            .shift = "Canary20Percent3Seconds",
                            .before_hook = "before",
                            .after_hook = "after",
                            .alarms = {"errors"},
                            .own_alarm = "errors"};
    RunOptions const options{.bake_seconds = 3};
    // How many calls it makes undisturbed.
    begin_again();
    fate.calls = 0;
    auto const whole = deploy(update, options);
    ASSERT_TRUE(whole.outcome) << row.name << ": " << whole.outcome.error().message;
    ASSERT_EQ(*whole.outcome, row.outcome) << row.name;
    auto const all = fate.calls;
    ASSERT_GT(all, 60U);
    auto const from = row.name == "Forward" ? std::size_t{1} : turns_at;
    for (auto dies_at = from + std::get<1>(GetParam()); dies_at < all; dies_at += kCutParts) {
        SCOPED_TRACE(fmt::format("{}, cut short at call {}", row.name, dies_at));
        begin_again();
        fate = {.calls = 0, .dies_at = dies_at};
        auto const cut = deploy(update, options);
        fate = {};
        std::string expected = "1";
        // Where it had not begun, the record is in some regions perhaps; nothing was changed.
        if (!last_id.empty()) {
            auto outcome = cut.outcome;
            // The end itself may have come to one region alone.
            bool const left = std::ranges::any_of(std::array{&first, &second}, [&](auto* api) {
                return api->rollouts.at(last_id)["State"] == "InProgress";
            });
            if (!outcome || *outcome == kRollbackFailed || left) outcome = resume().outcome;
            ASSERT_TRUE(outcome) << outcome.error().message;
            EXPECT_TRUE(may_end_as(*outcome, row)) << name_of(*outcome);
            if (*outcome == kSucceeded) expected = "2";
            for (auto const* const api : {&first, &second}) {
                EXPECT_EQ(api->stacks.at("shop")["ActiveRollout"], "");
                EXPECT_EQ(api->rollouts.at(last_id)["State"], name_of(*outcome));
            }
        }
        for (auto* const api : {&first, &second}) {
            api->functions.erase("before"), api->functions.erase("after");
            ASSERT_EQ(api->functions.size(), 1U);
            EXPECT_EQ(alias_of(*api), expected);
            auto const& function = api->functions.begin()->second;
            auto const& configuration = function.configuration;
            EXPECT_EQ(function.versions.size(), expected == "2" ? 2U : 1U);
            EXPECT_EQ(configuration.value("MemorySize", 128), expected == "2" ? 256 : 128);
            EXPECT_EQ(configuration["CodeSha256"],
                      crypto::sha256_base64(expected == "2" ? "two" : "one"));
        }
        EXPECT_EQ(account.roles.size(), 2U);
        if (testing::Test::HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Driver, DriverCutTest,
    testing::Combine(testing::Values(CutRow{"Forward", "Succeeded", AlarmState::kOk, false,
                                            RolloutOutcome::kSucceeded},
                                     CutRow{"AHookFails", "Failed", AlarmState::kOk, false,
                                            RolloutOutcome::kRolledBack},
                                     CutRow{"AnAlarmInTheBake", "Succeeded", AlarmState::kAlarm,
                                            false, RolloutOutcome::kRolledBack},
                                     CutRow{"AnAbortInTheBake", "Succeeded", AlarmState::kOk, true,
                                            RolloutOutcome::kAborted}),
                     testing::Range(std::size_t{0}, kCutParts)),
    [](auto const& tested) {
        return fmt::format("{}{}", std::get<0>(tested.param).name, std::get<1>(tested.param));
    });

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
