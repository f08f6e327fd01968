#pragma once
// The whole plan of an import: what is wanted against what the target has. Pure.

#include <map>
#include <string>
#include <vector>

#include "transfer/function_plan.h"
#include "transfer/steps.h"

namespace meridian::transfer {

struct ImportPlan {
    // One phase after the other; the units of a phase know nothing of each other.
    std::vector<std::vector<Unit>> phases = {};
    // Texts in requests that stand for others at the target.
    std::map<std::string, std::string> bindings = {};

    [[nodiscard]] std::size_t unit_count() const;
    [[nodiscard]] bool same() const;
};

// `wanted` is called what it is called at the target (renaming.h).
[[nodiscard]] ImportPlan plan_import(Inventory const& wanted, Inventory const& there,
                                     FunctionPlanOptions options);

}  // namespace meridian::transfer
