#pragma once
// From stacks to a rollout that is ready to run: what stands in each region is read, the plans are
// made, and what the execution needs is put where any driver finds it. Nothing is changed.
//
// Threads: the owner's executor. Everything by reference outlives the calls.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "deploy/package_set.h"
#include "deploy/rollout_record.h"
#include "deploy/rollout_store.h"

namespace meridian::deploy {

struct RegionPlan {
    PackagedStack wished;
    StackRecord record;  // empty where there is no such stack yet
    StandingResources standing;
    Plan plan;
};

struct PlanningParts {
    std::map<std::string, AwsApi*> apis;
    RolloutStore& store;
    Pause pause;
    std::string account;
};

// Reads what the stack of that name owns in a region and how it stands.
io::Task<RegionPlan> read_region(PlanningParts const& parts, std::string region, std::string stack);

// In the order of `waves`, since what one region makes in IAM the next one finds.
io::Task<std::map<std::string, RegionPlan>> plan_regions(
    PlanningParts const& parts, std::map<std::string, PackagedStack> wished,
    std::vector<std::vector<std::string>> waves);

// What traffic shifts, alarms and hooks of the stack cannot be; kInvalidParameterValue.
[[nodiscard]] Result<void> check_shifts(Stack const& stack);

[[nodiscard]] RolloutRecord make_rollout(std::string id, std::string stack,
                                         std::map<std::string, RegionPlan> const& plans,
                                         std::vector<std::vector<std::string>> const& waves);

// The code of what is to be, and of what an update would overwrite.
io::Task<std::map<std::string, std::string>> collect_packages(
    PlanningParts const& parts, std::map<std::string, RegionPlan> const& plans);

// Writes a rollout that was made into the regions, with all the code that any driver of it needs,
// which is returned: by CodeSha256. The errors of RolloutStore::create().
io::Task<std::map<std::string, std::string>> begin_rollout(
    PlanningParts const& parts, std::map<std::string, RegionPlan> const& plans,
    RolloutRecord& rollout);

}  // namespace meridian::deploy
