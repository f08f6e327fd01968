#pragma once
// The names of deploys: CodeDeploy's deployment ids, which executions have, and CloudFormation's
// names of stacks. Pure; any thread.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace meridian::model {

// "d-" and nine of these.
inline constexpr std::string_view kRolloutIdPrefix = "d-";
inline constexpr std::string_view kRolloutIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
inline constexpr std::size_t kRolloutIdChars = 9;

[[nodiscard]] constexpr bool is_rollout_id(std::string_view id) {
    if (!id.starts_with(kRolloutIdPrefix)) return false;
    id.remove_prefix(kRolloutIdPrefix.size());
    return id.size() == kRolloutIdChars &&
           std::ranges::all_of(id, [](char c) { return kRolloutIdAlphabet.contains(c); });
}

inline constexpr std::size_t kStackNameCharsMax = 128;

// Letters, digits and '-', a letter first.
[[nodiscard]] constexpr bool is_stack_name(std::string_view name) {
    auto const letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    return !name.empty() && name.size() <= kStackNameCharsMax && letter(name.front()) &&
           std::ranges::all_of(
               name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace meridian::model
