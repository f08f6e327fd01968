#pragma once
// Well-formed UTF-8 (Unicode table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
// Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace meridian::wire {

// The length of the well-formed sequence that starts at `at`, or 0.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view bytes, std::size_t at) noexcept;

[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

// `point` is one: no half of a surrogate pair, at most U+10FFFF.
void append_utf8(std::string& out, char32_t point);

// Replaces what is not UTF-8 by U+FFFD, one for each byte that starts no sequence.
[[nodiscard]] std::string to_valid_utf8(std::string_view bytes);

// How many code points well-formed UTF-8 has. AWS counts UTF-16 units in some places and code
// points in others; they differ only beyond the basic plane.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// The longest prefix of at most `bytes_max` bytes that cuts no sequence.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace meridian::wire
