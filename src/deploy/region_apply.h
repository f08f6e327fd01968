#pragma once
// Carries a plan out in one region, change by change, each of them idempotent and journaled: what
// is cut short goes on with the next run.
//
// Threads: the owner's executor. Everything by reference outlives it.

#include <functional>
#include <string>
#include <vector>

#include "deploy/plan.h"
#include "deploy/region_work.h"

namespace meridian::deploy {

// Writes a step down, which is part of the work already; nothing goes on before that.
using Journal = std::function<io::Task<>(WorkStep)>;

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

    // Creations, updates and replacements, side by side where none needs the other. An alias that
    // shifts keeps its version.
    io::Task<> apply(Plan plan);
    // What the stack says of this change, once everything stands.
    io::Task<> set_head(Stack const& stack, std::string rollout, nlohmann::json source);
    // Back to `before`: what was changed as it was, what was made removed. Goes on over errors;
    // what could not be undone is returned, a line each.
    io::Task<std::vector<std::string>> roll_back();
    // Removes what is obsolete; what stays for an error becomes a leftover of the stack.
    io::Task<> clean();

  private:
    // Of the lanes that share a layer.
    struct Turn {
        std::size_t next = 0;
        bool failed = false;
    };
    io::Task<> apply_layer(std::vector<PlannedChange const*> layer);
    io::Task<> apply_next(std::vector<PlannedChange const*> const& layer, Turn& turn);
    io::Task<WorkStep> apply(PlannedChange change);
    // Makes it part of the work and writes it down.
    io::Task<> take(WorkStep step);
    io::Task<> restore(ResourceRecord wanted);
    io::Task<> remove(ResourceRecord const& gone);

    Parts parts_;
};

// Type without "AWS::" and "::": "Lambda Function".
[[nodiscard]] std::string short_type(std::string_view type);

}  // namespace meridian::deploy
