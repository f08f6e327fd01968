#pragma once
// Plans as JSON: in a rollout's record, and for `--json`. Values; any thread.

#include <nlohmann/json.hpp>

#include "deploy/plan.h"

namespace meridian::deploy {

[[nodiscard]] nlohmann::json to_json(Plan const& plan);
// kCorrupt.
[[nodiscard]] Result<Plan> parse_plan(nlohmann::json const& text);

// What people and programs see: what changes, without values of environment variables and without
// what does not change.
[[nodiscard]] nlohmann::json shown_plan(Plan const& plan);
// "+ Lambda Function Hello", with a line a property; empty for what does not change.
[[nodiscard]] std::string plan_text(Plan const& plan);
[[nodiscard]] std::string drift_text(Plan const& plan);

}  // namespace meridian::deploy
