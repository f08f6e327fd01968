#pragma once
// Whether bytes are one JSON text of RFC 8259, exactly, and where they stop being one. Builds no
// values: payloads go to functions byte for byte. UTF-8 is checked; numbers may be of any size; \u
// escapes may name a lone surrogate (the grammar allows it); nesting is limited as in the parser
// AWS uses. Pure; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace meridian::wire {

// Jackson's StreamReadConstraints default, which is what AWS's front end enforces.
inline constexpr std::size_t kJsonDepthMax = 1'000;

struct JsonFault {
    enum class Kind {
        kUnexpectedEnd,        // the text stops inside a value
        kUnexpectedCharacter,  // not what may stand here
        kInvalidUtf8,
        kControlCharacter,  // below 0x20 inside a string
        kInvalidEscape,
        kInvalidNumber,
        kUnknownToken,  // "nul", "NaN"
        kTooDeep,
    };
    Kind kind;
    std::size_t offset = 0;  // of the byte at fault
    std::string text;        // Jackson's words for it, without the place
};

// Nothing if `bytes` is a JSON text.
[[nodiscard]] std::optional<JsonFault> find_json_fault(std::string_view bytes);

// "Could not parse request body into json: Could not parse payload into json: …": the message of
// Invoke's InvalidRequestContentException.
[[nodiscard]] std::string payload_fault_message(std::string_view bytes, JsonFault const& fault);

}  // namespace meridian::wire
