#pragma once
// Whole-value matching of the API model's patterns, in time linear in the value (RE2). Each pattern
// is compiled when first used and kept: constant data that is only late. Any thread.

#include <cstdint>
#include <string_view>

namespace meridian::wire {

// `pattern` is Shape::pattern, not 0. False for values that are not UTF-8.
[[nodiscard]] bool matches_pattern(std::uint16_t pattern, std::string_view value);

// As AWS shows it in messages.
[[nodiscard]] std::string_view pattern_text(std::uint16_t pattern) noexcept;

}  // namespace meridian::wire
