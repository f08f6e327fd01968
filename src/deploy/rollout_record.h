#pragma once
// Everything about one execution that another driver needs to finish it: kept whole in every region
// of the deploy. Values; any thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "deploy/plan.h"
#include "deploy/region_apply.h"
#include "deploy/rollout.h"
#include "deploy/stack.h"
#include "deploy/traffic.h"

namespace meridian::deploy {

// An alias on its way to a new version.
struct AliasShift {
    std::string alias;  // logical id
    std::string function;
    std::string name;
    std::string from;  // versions
    std::string to;
    std::string type;  // of TrafficShift
    std::vector<TrafficStep> steps = {};
    std::size_t next = 0;  // step
    WallTime due = {};     // of it
    WallTime begun = {};   // when the first step was made
    std::vector<nlohmann::json> alarms = {};
    std::string before_hook = {};  // function names; empty: none
    std::string after_hook = {};
    // Whether somebody has called the new version; nothing: the region does not know.
    std::optional<bool> proven = {};

    [[nodiscard]] int percent() const;
    [[nodiscard]] bool is_over() const { return next >= steps.size(); }
};

struct HookRun {
    std::string id;  // LifecycleEventHookExecutionId
    std::string function;
    std::string event;  // "BeforeAllowTraffic"
    bool invoked = false;
    std::string status = "Pending";
    WallTime begun = {};
};

struct RegionPart {
    std::size_t wave = 0;
    RegionPhase phase = RegionPhase::kWaiting;
    // Rises with every write: of two copies the higher one counts.
    std::uint64_t sequence = 0;
    Stack stack = {};  // its code packaged
    Plan plan = {};
    RegionWork work = {};
    std::vector<AliasShift> shifts = {};
    std::vector<HookRun> hooks = {};
    std::optional<WallTime> bakes_until = {};
    std::string failure = {};                // why it goes back
    std::vector<std::string> problems = {};  // what could not be done
    std::vector<std::string> unproven = {};  // shifts that nobody's traffic has tried
};

struct RolloutRecord {
    std::string id;
    std::string stack;
    nlohmann::json source = nullptr;  // {"Template", "Commit", "Ref"}
    std::uint64_t bake_seconds = 0;
    bool roll_back_earlier_waves = false;
    // Removes the stack: the templates are empty.
    bool removes_stack = false;
    std::map<std::string, RegionPart> regions = {};
    // The code of the new state and of the one before, by CodeSha256.
    std::vector<std::string> packages = {};

    [[nodiscard]] std::vector<RegionState> states() const;
};

// With format 1, a region's work was written whole with its progress; it is read still.
inline constexpr std::uint64_t kRolloutFormat = 2;
// As long as the longest shift.
inline constexpr std::uint64_t kBakeSecondsMax = std::chrono::seconds(kShiftLongest).count();

[[nodiscard]] nlohmann::json to_json(RolloutRecord const& rollout);
// kCorrupt; kNotImplemented for a newer format.
[[nodiscard]] Result<RolloutRecord> parse_rollout(nlohmann::json const& text);
// What has changed since the execution was created, but for the work, which is in its steps: each
// region's part without its stack and plan. At the execution's end, with the work of one region.
[[nodiscard]] nlohmann::json progress_of(RolloutRecord const& rollout,
                                         std::string_view with_work_of = {});
// What was done is written down where it was done alone: one record a step. Large deploys write
// often: this is small.
[[nodiscard]] nlohmann::json step_record(std::string_view region, WorkStep const& step);
// [{"Number", "Step"}], the oldest first, into a record as it was created. kCorrupt.
[[nodiscard]] Result<void> take_steps(RolloutRecord& rollout, nlohmann::json const& steps);
// What lists and people see; without anything secret.
[[nodiscard]] nlohmann::json summary_of(RolloutRecord const& rollout);

// Of two copies of one execution: each region's part from the copy that is further.
[[nodiscard]] RolloutRecord merge(RolloutRecord left, RolloutRecord const& right);

}  // namespace meridian::deploy
