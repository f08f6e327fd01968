#include "pipeline/execution.h"

#include <map>

#include <gtest/gtest.h>

namespace meridian::pipeline {
namespace {

using nlohmann::json;
using State = ExecutionState;
using Event = ExecutionEvent;

WallTime const kNow{std::chrono::seconds(1'700'000'000)};

Execution with_stages(std::vector<StageKind> const& kinds) {
    Execution execution{.pipeline = "shop",
                        .number = 3,
                        .repository = "shop",
                        .branch = "main",
                        .commit = std::string(40, 'a'),
                        .by = {"arn", "id"},
                        .began = "b",
                        .changed = "c"};
    for (auto const kind : kinds)
        execution.stages.push_back(
            {.definition = {.name = "s" + std::to_string(execution.stages.size()), .kind = kind}});
    return execution;
}

// Every state with every event: what the table says, and nothing else.
TEST(ExecutionStates, KnowEveryEvent) {
    std::map<std::pair<State, Event>, State> const expected = {
        {{State::kQueued, Event::kBegin}, State::kRunning},
        {{State::kQueued, Event::kAbort}, State::kAborted},
        {{State::kQueued, Event::kFail}, State::kFailed},
        {{State::kRunning, Event::kWait}, State::kWaiting},
        {{State::kRunning, Event::kFail}, State::kFailed},
        {{State::kRunning, Event::kFinish}, State::kSucceeded},
        {{State::kRunning, Event::kAbort}, State::kAborted},
        {{State::kRunning, Event::kLost}, State::kQueued},
        {{State::kWaiting, Event::kApprove}, State::kQueued},
        {{State::kWaiting, Event::kReject}, State::kRejected},
        {{State::kWaiting, Event::kAbort}, State::kAborted},
    };
    std::size_t moved = 0;
    for (std::size_t s = 0; s < kExecutionStates; ++s) {
        bool leads_on = false;
        for (std::size_t e = 0; e < kExecutionEvents; ++e) {
            auto const state = static_cast<State>(s);
            auto const event = static_cast<Event>(e);
            auto execution = with_stages({});
            execution.state = state;
            auto const done = move(execution, event, kNow);
            auto const row = expected.find({state, event});
            EXPECT_EQ(done.has_value(), row != expected.end()) << name_of(state) << name_of(event);
            EXPECT_EQ(execution.state, row == expected.end() ? state : row->second)
                << name_of(state) << name_of(event);
            if (done) {
                ++moved;
                leads_on = true;
            } else {
                EXPECT_EQ(done.error().code, Errc::kResourceConflict);
                EXPECT_EQ(execution.changed, "c");
            }
        }
        EXPECT_EQ(is_over(static_cast<State>(s)), !leads_on);
        EXPECT_EQ(parse_execution_state(name_of(static_cast<State>(s))).value(),
                  static_cast<State>(s));
    }
    EXPECT_EQ(moved, kExecutionTransitions.size());
    EXPECT_FALSE(parse_execution_state("Elsewhere").has_value());
}

TEST(Execution, GoesThroughItsStages) {
    auto execution = with_stages({StageKind::kBuild, StageKind::kApprove, StageKind::kPromote});
    EXPECT_FALSE(begin_stage(execution, 0, kNow).has_value());  // it is not running
    ASSERT_TRUE(apply(execution, {.event = Event::kBegin}, kNow).has_value());
    EXPECT_FALSE(end_stage(execution, 0, json(), "", kNow).has_value());  // it has not begun
    EXPECT_FALSE(begin_stage(execution, 1, kNow).has_value());            // not the next
    ASSERT_TRUE(begin_stage(execution, 0, kNow).has_value());
    EXPECT_FALSE(apply(execution, {.event = Event::kWait, .stage = 0}, kNow).has_value());
    EXPECT_FALSE(apply(execution, {.event = Event::kFinish}, kNow).has_value());
    ASSERT_TRUE(end_stage(execution, 0, {{"a", 1}}, "built", kNow).has_value());
    EXPECT_EQ(execution.next_stage(), 1U);
    EXPECT_FALSE(begin_stage(execution, 1, kNow).has_value());  // nobody walks past an approval
    EXPECT_FALSE(end_stage(execution, 1, json(), "", kNow).has_value());
    ASSERT_TRUE(
        apply(execution, {.event = Event::kWait, .stage = 1, .message = "look"}, kNow).has_value());
    EXPECT_EQ(execution.stages[1].state, StageState::kWaiting);
    ASSERT_TRUE(apply(execution, {.event = Event::kApprove, .message = "by me"}, kNow).has_value());
    EXPECT_EQ(execution.state, State::kQueued);
    EXPECT_EQ(execution.stages[1].message, "by me");
    ASSERT_TRUE(apply(execution, {.event = Event::kBegin}, kNow).has_value());
    ASSERT_TRUE(begin_stage(execution, 2, kNow).has_value());
    ASSERT_TRUE(apply(execution, {.event = Event::kLost, .message = "gone"}, kNow).has_value());
    EXPECT_EQ(execution.stages[2].state, StageState::kPending);
    EXPECT_EQ(execution.stages[0].state, StageState::kSucceeded);
    ASSERT_TRUE(apply(execution, {.event = Event::kBegin}, kNow).has_value());
    ASSERT_TRUE(begin_stage(execution, 2, kNow).has_value());
    ASSERT_TRUE(end_stage(execution, 2, json(), "", kNow).has_value());
    ASSERT_TRUE(apply(execution, {.event = Event::kFinish}, kNow).has_value());
    EXPECT_EQ(execution.state, State::kSucceeded);
    auto const again = read_execution(to_json(execution));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(to_json(*again), to_json(execution));
    EXPECT_EQ(again->id(), "shop:3");
}

TEST(Execution, IsRejectedOrFailsAtAStage) {
    auto rejected = with_stages({StageKind::kApprove});
    ASSERT_TRUE(apply(rejected, {.event = Event::kBegin}, kNow).has_value());
    EXPECT_FALSE(apply(rejected, {.event = Event::kApprove}, kNow).has_value());
    ASSERT_TRUE(apply(rejected, {.event = Event::kWait}, kNow).has_value());
    ASSERT_TRUE(apply(rejected, {.event = Event::kReject, .message = "no"}, kNow).has_value());
    EXPECT_EQ(rejected.stages[0].state, StageState::kFailed);
    EXPECT_EQ(rejected.reason, "no");
    auto failed = with_stages({StageKind::kTest});
    ASSERT_TRUE(apply(failed, {.event = Event::kBegin}, kNow).has_value());
    ASSERT_TRUE(begin_stage(failed, 0, kNow).has_value());
    EXPECT_FALSE(apply(failed, {.event = Event::kFail, .stage = 1}, kNow).has_value());
    ASSERT_TRUE(
        apply(failed, {.event = Event::kFail, .stage = 0, .message = "2 of 3"}, kNow).has_value());
    EXPECT_EQ(failed.stages[0].message, "2 of 3");
}

TEST(Execution, ThatCannotBeReadIsNamedCorrupt) {
    auto const good = to_json(with_stages({StageKind::kTest}));
    for (auto const& patch :
         {R"({"State": "Elsewhere"})", R"({"Stages": 1})", R"({"Number": "x"})", R"({"format": 2})",
          R"({"Commit": null})", R"({"Stages": [{"Name": "x"}]})"}) {
        auto value = good;
        value.merge_patch(json::parse(patch));
        auto const read = read_execution(value);
        ASSERT_FALSE(read.has_value()) << patch;
        EXPECT_EQ(read.error().code, Errc::kCorrupt) << patch;
    }
}

}  // namespace
}  // namespace meridian::pipeline
