#pragma once
// What an execution's driver has done in this region, a record a step, until the execution is over:
// a large stack is written as it grows, not again and again whole. What a step says is its driver's
// business (deploy/region_work.h).
//
// Threads: the store's.

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace meridian::api {

// Their keys are in the order of their numbers.
inline constexpr std::uint64_t kStepNumberMax = 999'999'999'999;
inline constexpr std::size_t kStepsPerRequestMax = 1'000;  // ours

// From 1, without leading zeros; nothing for any other text.
[[nodiscard]] std::optional<std::uint64_t> parse_step_number(std::string_view text);

// [{"Number", "Step"}], the oldest first.
io::Task<nlohmann::json> read_steps(store::Store& store, model::AccountId account,
                                    std::string rollout);

// {"NUMBER": {…}}, to be written by the transaction. kInvalidParameterValue.
[[nodiscard]] Result<void> add_steps(model::AccountId const& account, std::string const& rollout,
                                     nlohmann::json const& steps, store::Transaction& transaction);

}  // namespace meridian::api
