#pragma once
// What an execution has done in a region so far, and the steps it is made of: a region that is
// worked in keeps one small record a step, and whoever goes on puts them together again. Values;
// any thread.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/stack_record.h"

namespace meridian::deploy {

struct RegionWork {
    StackRecord before;  // as it stood when the execution began
    StackRecord now;
    std::set<std::string> done = {};  // logical ids
    // Replaced or given up; removed when nothing can go back any more.
    std::vector<ResourceRecord> obsolete = {};
    // What a rollback has yet to remove, the newest last; nothing until one begins. What is
    // restored takes the place of what replaced it in `now`, so that only this still knows of that.
    std::optional<std::vector<ResourceRecord>> made = {};
};

// What a stack says of its last change.
struct StackHead {
    std::map<std::string, nlohmann::json> outputs = {};
    std::string rollout = {};
    nlohmann::json source = nullptr;
};
[[nodiscard]] StackHead head_of(StackRecord const& stack);

// The changes of one step, in the order in which they are made. Steps of different resources mean
// the same in any order.
struct WorkStep {
    std::optional<StackHead> head = {};         // of `now`
    std::vector<ResourceRecord> now = {};       // there now
    std::vector<std::string> gone = {};         // logical ids, from `now`
    std::vector<ResourceRecord> before = {};    // made again under another physical id
    std::vector<std::string> done = {};         // logical ids
    bool retries_leftovers = false;             // those of `now` become obsolete
    std::vector<ResourceRecord> obsolete = {};  // more of them
    std::size_t obsolete_removed = 0;           // the first so many
    std::optional<std::vector<ResourceRecord>> made = {};
    std::size_t made_removed = 0;          // the last so many
    std::vector<Leftover> leftovers = {};  // more of them, in `now`
};

void take_step(RegionWork& work, WorkStep const& step);

[[nodiscard]] nlohmann::json to_json(RegionWork const& work);
[[nodiscard]] nlohmann::json to_json(WorkStep const& step);
// kCorrupt.
[[nodiscard]] Result<RegionWork> parse_region_work(nlohmann::json const& text);
[[nodiscard]] Result<WorkStep> parse_work_step(nlohmann::json const& text);

}  // namespace meridian::deploy
