#include "pipeline/execution.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/event_time.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, kExecutionStates> kStateNames = {
    "Queued", "Running", "Waiting", "Succeeded", "Failed", "Rejected", "Aborted"};
constexpr std::array<std::string_view, kExecutionEvents> kEventNames = {
    "Begin", "Wait", "Approve", "Reject", "Fail", "Finish", "Abort", "Lost"};
constexpr std::array<std::string_view, 5> kStageNames = {"Pending", "Running", "Waiting",
                                                         "Succeeded", "Failed"};

Result<StageState> parse_stage_state(std::string_view name) {
    auto const* const found = std::ranges::find(kStageNames, name);
    if (found == kStageNames.end())
        return fail(Errc::kCorrupt, fmt::format("{} is no state of a stage", name));
    return static_cast<StageState>(found - kStageNames.begin());
}

json to_json(Stage const& stage) {
    return {{"Name", stage.definition.name},
            {"Kind", name_of(stage.definition.kind)},
            {"Settings", stage.definition.settings},
            {"State", name_of(stage.state)},
            {"Output", stage.output},
            {"Message", stage.message},
            {"Began", stage.began},
            {"Ended", stage.ended}};
}

Result<Stage> read_stage(json const& value) {
    Stage stage;
    stage.definition.name = value.at("Name").get<std::string>();
    MERIDIAN_TRY(stage.definition.kind, parse_stage_kind(value.at("Kind").get<std::string>()));
    stage.definition.settings = value.at("Settings");
    MERIDIAN_TRY(stage.state, parse_stage_state(value.at("State").get<std::string>()));
    stage.output = value.at("Output");
    stage.message = value.at("Message").get<std::string>();
    stage.began = value.at("Began").get<std::string>();
    stage.ended = value.at("Ended").get<std::string>();
    return stage;
}

std::unexpected<Error> not_now(Execution const& execution, std::string_view what) {
    return fail(Errc::kResourceConflict, fmt::format("{} is {}: it cannot {} now.", execution.id(),
                                                     name_of(execution.state), what));
}

Result<Stage*> next_stage_of(Execution& execution, std::size_t index, std::string_view what) {
    if (execution.state != ExecutionState::kRunning) return not_now(execution, what);
    if (index != execution.next_stage() || index >= execution.stages.size()) {
        return fail(Errc::kResourceConflict,
                    fmt::format("The next stage of {} is not {}.", execution.id(), index));
    }
    return &execution.stages[index];
}

}  // namespace

std::string_view name_of(ExecutionState state) noexcept {
    return kStateNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(ExecutionEvent event) noexcept {
    return kEventNames[static_cast<std::size_t>(event)];
}

std::string_view name_of(StageState state) noexcept {
    return kStageNames[static_cast<std::size_t>(state)];
}

Result<ExecutionState> parse_execution_state(std::string_view name) {
    auto const* const found = std::ranges::find(kStateNames, name);
    if (found == kStateNames.end())
        return fail(Errc::kCorrupt, fmt::format("{} is no state of an execution", name));
    return static_cast<ExecutionState>(found - kStateNames.begin());
}

bool is_over(ExecutionState state) noexcept {
    return std::ranges::none_of(kExecutionTransitions,
                                [&](auto const& row) { return row.from == state; });
}

std::string Execution::id() const { return fmt::format("{}:{}", pipeline, number); }

std::size_t Execution::next_stage() const noexcept {
    auto const next = std::ranges::find_if(
        stages, [](Stage const& stage) { return stage.state != StageState::kSucceeded; });
    return static_cast<std::size_t>(next - stages.begin());
}

Result<void> move(Execution& execution, ExecutionEvent event, WallTime now) {
    auto const to = next_state(kExecutionTransitions, execution.state, event);
    if (!to) return not_now(execution, name_of(event));
    execution.state = *to;
    execution.changed = wire::format_iso8601_ms(now);
    return {};
}

json to_json(Execution const& execution) {
    json stages = json::array();
    for (auto const& stage : execution.stages) stages.push_back(to_json(stage));
    return {{"format", kExecutionFormat},
            {"Pipeline", execution.pipeline},
            {"Number", execution.number},
            {"Repository", execution.repository},
            {"Branch", execution.branch},
            {"Commit", execution.commit},
            {"ByArn", execution.by.arn},
            {"ByUserId", execution.by.user_id},
            {"State", name_of(execution.state)},
            {"Reason", execution.reason},
            {"Lost", execution.lost},
            {"Began", execution.began},
            {"Changed", execution.changed},
            {"Stages", std::move(stages)}};
}

Result<Execution> read_execution(json const& value) {
    try {
        if (value.at("format").get<int>() > kExecutionFormat)
            return fail(Errc::kCorrupt, "an execution of a newer version of Meridian");
        Execution out{.pipeline = value.at("Pipeline").get<std::string>(),
                      .number = value.at("Number").get<std::uint64_t>(),
                      .repository = value.at("Repository").get<std::string>(),
                      .branch = value.at("Branch").get<std::string>(),
                      .commit = value.at("Commit").get<std::string>(),
                      .by = {.arn = value.at("ByArn").get<std::string>(),
                             .user_id = value.at("ByUserId").get<std::string>()},
                      .reason = value.at("Reason").get<std::string>(),
                      .lost = value.at("Lost").get<int>(),
                      .began = value.at("Began").get<std::string>(),
                      .changed = value.at("Changed").get<std::string>()};
        MERIDIAN_TRY(out.state, parse_execution_state(value.at("State").get<std::string>()));
        for (auto const& one : value.at("Stages")) {
            MERIDIAN_TRY(auto stage, read_stage(one));
            out.stages.push_back(std::move(stage));
        }
        return out;
    } catch (json::exception const& exception) {
        return fail(Errc::kCorrupt, fmt::format("an execution: {}", exception.what()));
    }
}

Result<void> apply(Execution& execution, Report const& report, WallTime now) {
    auto const next = execution.next_stage();
    auto const index = report.stage.value_or(next);
    bool const waits = report.event == ExecutionEvent::kWait;
    bool const decided =
        report.event == ExecutionEvent::kApprove || report.event == ExecutionEvent::kReject;
    if (index != next) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("The next stage of {} is not {}.", execution.id(), index));
    }
    auto* const stage = index < execution.stages.size() ? &execution.stages[index] : nullptr;
    if ((waits || decided) && (stage == nullptr || stage->definition.kind != StageKind::kApprove)) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{} has not come to an approval.", execution.id()));
    }
    if (report.event == ExecutionEvent::kFinish && stage != nullptr) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{} has stages left.", execution.id()));
    }
    MERIDIAN_CHECK(move(execution, report.event, now));
    execution.reason = report.message;
    if (stage == nullptr) return {};
    if (waits) {
        stage->state = StageState::kWaiting;
        stage->began = execution.changed;
    } else if (report.event == ExecutionEvent::kApprove) {
        stage->state = StageState::kSucceeded;
        stage->ended = execution.changed;
    } else if (report.event == ExecutionEvent::kReject || report.event == ExecutionEvent::kFail) {
        stage->state = StageState::kFailed;
        stage->ended = execution.changed;
    } else if (report.event == ExecutionEvent::kLost || report.event == ExecutionEvent::kAbort) {
        stage->state = StageState::kPending;
    }
    if (waits || decided || report.event == ExecutionEvent::kFail) stage->message = report.message;
    return {};
}

Result<void> begin_stage(Execution& execution, std::size_t index, WallTime now) {
    MERIDIAN_TRY(auto* const stage, next_stage_of(execution, index, "begin a stage"));
    if (stage->definition.kind == StageKind::kApprove)
        return fail(Errc::kInvalidParameterValue, "An approval is waited for.");
    stage->state = StageState::kRunning;
    stage->began = wire::format_iso8601_ms(now);
    execution.changed = stage->began;
    return {};
}

Result<void> end_stage(Execution& execution, std::size_t index, json output, std::string message,
                       WallTime now) {
    MERIDIAN_TRY(auto* const stage, next_stage_of(execution, index, "end a stage"));
    if (stage->state != StageState::kRunning) {
        return fail(Errc::kResourceConflict,
                    fmt::format("The stage {} has not begun.", stage->definition.name));
    }
    stage->state = StageState::kSucceeded;
    stage->output = std::move(output);
    stage->message = std::move(message);
    stage->ended = wire::format_iso8601_ms(now);
    execution.changed = stage->ended;
    return {};
}

}  // namespace meridian::pipeline
