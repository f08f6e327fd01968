#pragma once
// One execution of a pipeline: its life as a table, and its record. Pure; any thread.
//
// A runner carries out what is Queued, and is gone when it waits for a person: whoever approves
// queues it again. So nothing but the record has to survive a kill.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "base/transitions.h"
#include "pipeline/definition.h"

namespace meridian::pipeline {

// Names are persisted.
enum class ExecutionState : std::uint8_t {
    kQueued,   // a runner is to carry it on
    kRunning,  // a runner does
    kWaiting,  // for an approval
    kSucceeded,
    kFailed,
    kRejected,
    kAborted,
};

enum class ExecutionEvent : std::uint8_t {
    kBegin,  // a runner takes it
    kWait,   // it has come to an approval
    kApprove,
    kReject,
    kFail,    // a stage did not succeed
    kFinish,  // no stage is left
    kAbort,
    kLost,  // its runner ended without a word
};

inline constexpr auto kExecutionTransitions =
    std::to_array<Transition<ExecutionState, ExecutionEvent>>({
        {ExecutionState::kQueued, ExecutionEvent::kBegin, ExecutionState::kRunning},
        {ExecutionState::kQueued, ExecutionEvent::kAbort, ExecutionState::kAborted},
        {ExecutionState::kQueued, ExecutionEvent::kFail, ExecutionState::kFailed},
        {ExecutionState::kRunning, ExecutionEvent::kWait, ExecutionState::kWaiting},
        {ExecutionState::kRunning, ExecutionEvent::kFail, ExecutionState::kFailed},
        {ExecutionState::kRunning, ExecutionEvent::kFinish, ExecutionState::kSucceeded},
        {ExecutionState::kRunning, ExecutionEvent::kAbort, ExecutionState::kAborted},
        {ExecutionState::kRunning, ExecutionEvent::kLost, ExecutionState::kQueued},
        {ExecutionState::kWaiting, ExecutionEvent::kApprove, ExecutionState::kQueued},
        {ExecutionState::kWaiting, ExecutionEvent::kReject, ExecutionState::kRejected},
        {ExecutionState::kWaiting, ExecutionEvent::kAbort, ExecutionState::kAborted},
    });
static_assert(is_deterministic(kExecutionTransitions));

inline constexpr std::size_t kExecutionStates = 7;
inline constexpr std::size_t kExecutionEvents = 8;

[[nodiscard]] std::string_view name_of(ExecutionState state) noexcept;
[[nodiscard]] std::string_view name_of(ExecutionEvent event) noexcept;
[[nodiscard]] Result<ExecutionState> parse_execution_state(std::string_view name);
// Nothing happens to it any more.
[[nodiscard]] bool is_over(ExecutionState state) noexcept;

// Names are persisted.
enum class StageState : std::uint8_t { kPending, kRunning, kWaiting, kSucceeded, kFailed };
[[nodiscard]] std::string_view name_of(StageState state) noexcept;

struct Stage {
    StageDefinition definition;
    StageState state = StageState::kPending;
    nlohmann::json output = nullptr;  // for the stages after it
    std::string message = {};
    std::string began = {};  // ISO 8601; empty: not yet
    std::string ended = {};
};

// Whose credentials its runner has.
struct StartedBy {
    std::string arn;
    std::string user_id;
};

struct Execution {
    std::string pipeline;
    std::uint64_t number = 0;
    std::string repository;
    std::string branch;
    std::string commit;
    StartedBy by;
    ExecutionState state = ExecutionState::kQueued;
    std::string reason = {};  // why it is where it is; empty: nothing special
    int lost = 0;             // runners that ended without a word
    std::string began;
    std::string changed;
    std::vector<Stage> stages = {};

    // "shop:3".
    [[nodiscard]] std::string id() const;
    // The first that has not succeeded; the number of stages if there is none.
    [[nodiscard]] std::size_t next_stage() const noexcept;
};

inline constexpr int kExecutionFormat = 1;
// So many lost runners are replaced; the next one fails it. Ours.
inline constexpr int kLostRunnersMax = 3;

// kResourceConflict, saying both, where the table has no such row.
Result<void> move(Execution& execution, ExecutionEvent event, WallTime now);

[[nodiscard]] nlohmann::json to_json(Execution const& execution);
// kCorrupt.
[[nodiscard]] Result<Execution> read_execution(nlohmann::json const& value);

// What a runner tells, and a person decides.
struct Report {
    ExecutionEvent event = ExecutionEvent::kBegin;
    // Of a stage: its index. With one, kFail and kWait mean that stage.
    std::optional<std::size_t> stage = std::nullopt;
    std::string message = {};
};
// The execution as a whole and the stage that it concerns. The errors of move();
// kInvalidParameterValue for a stage that is not the next one, or of another kind.
Result<void> apply(Execution& execution, Report const& report, WallTime now);
// A stage's own steps, in a running execution. kResourceConflict for any but the next.
Result<void> begin_stage(Execution& execution, std::size_t stage, WallTime now);
Result<void> end_stage(Execution& execution, std::size_t stage, nlohmann::json output,
                       std::string message, WallTime now);

}  // namespace meridian::pipeline
