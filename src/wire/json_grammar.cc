#include "wire/json_grammar.h"

#include <fmt/format.h>

#include "wire/json_scanner.h"
#include "wire/utf8.h"

namespace meridian::wire {
namespace {

// Only the grammar is asked for.
struct Nowhere {
    void open(bool) {}
    void close() {}
    void name(ScannedText) {}
    void string(ScannedText) {}
    void number(std::string_view, bool) {}
    void truth(bool) {}
    void null() {}
};

}  // namespace

std::string described_byte(unsigned char byte) {
    if (byte < 0x20 || (byte >= 0x7f && byte <= 0x9f))
        return fmt::format("(CTRL-CHAR, code {})", byte);
    std::string text = "'";
    append_utf8(text, byte);  // it reads bytes as Latin-1 here
    return text + fmt::format("' (code {})", byte);
}

std::optional<JsonFault> find_json_fault(std::string_view bytes) {
    Nowhere nowhere;
    return JsonScanner(bytes, nowhere).scan();
}

std::string payload_fault_message(std::string_view bytes, JsonFault const& fault) {
    std::size_t line = 1;
    std::size_t line_start = 0;
    for (std::size_t at = 0; at < fault.offset && at < bytes.size(); ++at) {
        bool const crlf = bytes[at] == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n';
        if (bytes[at] != '\n' && (bytes[at] != '\r' || crlf)) continue;
        ++line;
        line_start = at + 1;
    }
    return fmt::format(
        "Could not parse request body into json: Could not parse payload into json: {}\n at "
        "[Source: REDACTED "
        "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]",
        fault.text, line, fault.offset - line_start + 1);
}

}  // namespace meridian::wire
