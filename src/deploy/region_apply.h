#pragma once
// Carries a plan out in one region, change by change, each of them idempotent and journaled: what
// is cut short goes on with the next run.
//
// Threads: the owner's executor. Everything by reference outlives it.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/plan.h"

namespace meridian::deploy {

// What an execution has done in a region so far; part of the rollout's record.
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

// Writes the work down; nothing goes on before that.
using Journal = std::function<io::Task<>()>;

// Reads what the wishes name.
io::Task<StandingResources> read_standing(Workbench& bench, std::vector<Wish> wishes,
                                          StackRecord const& record);

class RegionApply {
  public:
    struct Parts {
        Workbench& bench;
        RegionWork& work;
        Journal journal;
        // Before each change, for people: "create function hello".
        std::function<void(std::string_view)> tell;
        // Asked between changes: a reason to stop.
        std::function<Result<void>()> may_go_on;
    };
    explicit RegionApply(Parts parts) : parts_(std::move(parts)) {}

    // Creations, updates and replacements. An alias that shifts keeps its version.
    io::Task<> apply(Plan plan);
    // The outputs of the stack, once everything stands.
    Result<void> set_outputs(Stack const& stack);
    // Back to `before`: what was changed as it was, what was made removed. Goes on over errors;
    // what could not be undone is returned, a line each.
    io::Task<std::vector<std::string>> roll_back();
    // Removes what is obsolete; what stays for an error becomes a leftover of the stack.
    io::Task<> clean();

  private:
    io::Task<> apply(PlannedChange change);
    io::Task<> restore(ResourceRecord wanted);
    io::Task<> remove(ResourceRecord const& gone);

    Parts parts_;
};

// Type without "AWS::" and "::": "Lambda Function".
[[nodiscard]] std::string short_type(std::string_view type);

}  // namespace meridian::deploy
