#include "deploy/rollout.h"

#include <set>

#include <gtest/gtest.h>

namespace meridian::deploy {
namespace {

using P = RegionPhase;
using E = RegionEvent;

// Every pair that leads somewhere, said a second time; all others are refused.
TEST(RegionPhases, EveryPairIsDecided) {
    std::set<std::pair<P, E>> known;
    struct Row {
        P from;
        E on;
        P to;
    };
    for (auto const& [from, on, to] : {
             Row{P::kWaiting, E::kBegin, P::kApplying},
             Row{P::kWaiting, E::kSkip, P::kSkipped},
             Row{P::kApplying, E::kApplied, P::kBeforeHooks},
             Row{P::kApplying, E::kFailed, P::kRollingBack},
             Row{P::kBeforeHooks, E::kHooksPassed, P::kShifting},
             Row{P::kBeforeHooks, E::kFailed, P::kRollingBack},
             Row{P::kShifting, E::kShifted, P::kAfterHooks},
             Row{P::kShifting, E::kFailed, P::kRollingBack},
             Row{P::kAfterHooks, E::kHooksPassed, P::kBaking},
             Row{P::kAfterHooks, E::kFailed, P::kRollingBack},
             Row{P::kBaking, E::kBaked, P::kReady},
             Row{P::kBaking, E::kFailed, P::kRollingBack},
             Row{P::kReady, E::kClean, P::kCleaning},
             Row{P::kReady, E::kUndo, P::kRollingBack},
             Row{P::kCleaning, E::kCleaned, P::kDone},
             Row{P::kRollingBack, E::kUndone, P::kRolledBack},
             Row{P::kRollingBack, E::kUndoFailed, P::kStuck},
             Row{P::kStuck, E::kUndo, P::kRollingBack},
         }) {
        known.insert({from, on});
        EXPECT_EQ(next_state(kRegionTransitions, from, on), to)
            << name_of(from) << " on " << name_of(on);
    }
    for (std::size_t from = 0; from < kRegionPhases; ++from) {
        for (std::size_t on = 0; on < kRegionEvents; ++on) {
            auto const pair = std::pair(static_cast<P>(from), static_cast<E>(on));
            if (known.contains(pair)) continue;
            EXPECT_EQ(next_state(kRegionTransitions, pair.first, pair.second), std::nullopt)
                << name_of(pair.first) << " on " << name_of(pair.second);
        }
    }
}

TEST(RegionPhases, NamesAreReadAgain) {
    for (std::size_t i = 0; i < kRegionPhases; ++i) {
        auto const phase = static_cast<P>(i);
        EXPECT_EQ(parse_region_phase(name_of(phase)), phase);
    }
    EXPECT_FALSE(parse_region_phase("Nowhere"));
}

TEST(RegionPhases, EverythingBeforeThePointOfNoReturnCanGoBack) {
    for (std::size_t i = 0; i < kRegionPhases; ++i) {
        auto const phase = static_cast<P>(i);
        bool const forward = phase == P::kApplying || phase == P::kBeforeHooks ||
                             phase == P::kShifting || phase == P::kAfterHooks ||
                             phase == P::kBaking;
        EXPECT_EQ(can_go_back(phase), forward) << name_of(phase);
    }
}

struct StepRow {
    std::string name;
    std::vector<RegionState> regions;
    RolloutPolicy policy;
    RolloutStep step;
};

TEST(NextStep, IsDecidedByTheStates) {
    std::vector<StepRow> const rows = {
        {"the first wave begins",
         {{"a", 0, P::kWaiting}, {"b", 0, P::kWaiting}, {"c", 1, P::kWaiting}},
         {},
         {.orders = {{"a", E::kBegin}, {"b", E::kBegin}}, .run = {"a", "b"}}},
        {"what was cut short goes on first",
         {{"a", 0, P::kShifting}, {"b", 0, P::kReady}, {"c", 1, P::kWaiting}},
         {},
         {.run = {"a"}}},
        {"even when it was aborted: the region itself turns back",
         {{"a", 0, P::kShifting}, {"c", 1, P::kWaiting}},
         {.aborted = true},
         {.run = {"a"}}},
        {"then the next wave",
         {{"a", 0, P::kReady}, {"b", 0, P::kReady}, {"c", 1, P::kWaiting}},
         {},
         {.orders = {{"c", E::kBegin}}, .run = {"c"}}},
        {"then everything is cleaned",
         {{"a", 0, P::kReady}, {"c", 1, P::kReady}},
         {},
         {.orders = {{"a", E::kClean}, {"c", E::kClean}}, .run = {"a", "c"}}},
        {"a failure keeps earlier waves",
         {{"a", 0, P::kReady}, {"b", 1, P::kRolledBack}, {"c", 2, P::kWaiting}},
         {},
         {.orders = {{"a", E::kClean}, {"c", E::kSkip}}, .run = {"a"}}},
        {"or takes them back",
         {{"a", 0, P::kReady}, {"b", 1, P::kRolledBack}, {"c", 2, P::kWaiting}},
         {.roll_back_earlier_waves = true},
         {.orders = {{"a", E::kUndo}, {"c", E::kSkip}}, .run = {"a"}}},
        {"an abort between waves",
         {{"a", 0, P::kReady}, {"b", 1, P::kWaiting}},
         {.roll_back_earlier_waves = true, .aborted = true},
         {.orders = {{"a", E::kUndo}, {"b", E::kSkip}}, .run = {"a"}}},
        {"all done",
         {{"a", 0, P::kDone}, {"b", 1, P::kDone}},
         {},
         {.finished = true, .outcome = RolloutOutcome::kSucceeded}},
        {"an abort that came too late",
         {{"a", 0, P::kDone}},
         {.aborted = true},
         {.finished = true, .outcome = RolloutOutcome::kSucceeded}},
        {"aborted",
         {{"a", 0, P::kRolledBack}, {"b", 1, P::kSkipped}},
         {.aborted = true},
         {.finished = true, .outcome = RolloutOutcome::kAborted}},
        {"failed",
         {{"a", 0, P::kDone}, {"b", 1, P::kRolledBack}},
         {},
         {.finished = true, .outcome = RolloutOutcome::kRolledBack}},
        {"and something could not be rolled back",
         {{"a", 0, P::kStuck}, {"b", 0, P::kRolledBack}},
         {},
         {.finished = true, .outcome = RolloutOutcome::kRollbackFailed}},
    };
    for (auto const& row : rows)
        EXPECT_EQ(next_step(row.regions, row.policy), row.step) << row.name;
}

// From any mix of states the steps lead to an end.
TEST(NextStep, NeverLeavesNothingToDo) {
    for (std::size_t a = 0; a < kRegionPhases; ++a) {
        for (std::size_t b = 0; b < kRegionPhases; ++b) {
            for (bool const aborted : {false, true}) {
                auto const step =
                    next_step({{"a", 0, static_cast<P>(a)}, {"b", 1, static_cast<P>(b)}},
                              {.aborted = aborted});
                EXPECT_TRUE(step.finished || !step.orders.empty() || !step.run.empty())
                    << a << ' ' << b;
            }
        }
    }
}

TEST(Waves, AreRead) {
    std::vector<std::string> const regions = {"a", "b", "c"};
    auto const waves = parse_waves("b;a,c", regions);
    ASSERT_TRUE(waves);
    EXPECT_EQ(*waves, (std::vector<std::vector<std::string>>{{"b"}, {"a", "c"}}));
    EXPECT_EQ(parse_waves("", regions)->size(), 1U);
    for (auto const* const bad : {"a;b", "a;b;c;a", "a;b;c;d", ";a,b,c", "a,b,c;"})
        EXPECT_FALSE(parse_waves(bad, regions)) << bad;
}

}  // namespace
}  // namespace meridian::deploy
