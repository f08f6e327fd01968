#pragma once
// Hexadecimal and base64: bytes as text.

#include <optional>
#include <string>
#include <string_view>

namespace meridian {

[[nodiscard]] std::string to_hex(std::string_view bytes);
// Nothing unless `text` is an even number of hexadecimal digits.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

// RFC 4648 base64 with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
// Nothing unless `text` is canonical, padded base64 without white space.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace meridian
