#pragma once
// Percent-encoding, query strings and forms. Pure; any thread.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meridian::wire {

// Encodes everything but the unreserved characters of RFC 3986, as SigV4 wants it ('/' too unless
// kept).
enum class Slash { kEncode, kKeep };
void append_percent_encoded(std::string& out, std::string_view bytes, Slash slash = Slash::kEncode);
[[nodiscard]] std::string percent_encoded(std::string_view bytes, Slash slash = Slash::kEncode);

// Decodes %XX; a '%' that is not followed by two hexadecimal digits stands for itself. With
// kPlusIsSpace '+' is a space, as in forms.
enum class Plus { kLiteral, kIsSpace };
[[nodiscard]] std::string percent_decoded(std::string_view text, Plus plus = Plus::kLiteral);
// The same, and bytes that are not UTF-8 become U+FFFD: what may enter a JSON value.
[[nodiscard]] std::string percent_decoded_text(std::string_view text, Plus plus = Plus::kLiteral);

// `a=1&b` as views of name and value, still encoded, in order; empty pieces are skipped.
using EncodedPair = std::pair<std::string_view, std::string_view>;
[[nodiscard]] std::vector<EncodedPair> split_query(std::string_view query);

}  // namespace meridian::wire
