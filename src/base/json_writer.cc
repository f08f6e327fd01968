#include "base/json_writer.h"

namespace meridian {
namespace {

void append_escaped(std::string& out, char character) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (character) {
        case '"':
        case '\\':
            (out += '\\') += character;
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[static_cast<unsigned char>(character) >> 4U];
            out += kHex[static_cast<unsigned char>(character) & 0xfU];
    }
}

// RFC 8259 §7: what may not stand in a string as it is.
bool must_be_escaped(char character) {
    return static_cast<unsigned char>(character) < 0x20 || character == '"' || character == '\\';
}

// Most texts need none. Without a way out in the middle, so that it looks at many bytes at once.
bool needs_escapes(std::string_view text) {
    bool found = false;
    for (char const character : text) found |= must_be_escaped(character);
    return found;
}

}  // namespace

void JsonWriter::append(std::string_view text) {
    text_ += '"';
    std::size_t copied = 0;
    std::size_t const first = needs_escapes(text) ? 0 : text.size();
    for (std::size_t at = first; at < text.size(); ++at) {
        if (!must_be_escaped(text[at])) continue;
        text_ += text.substr(copied, at - copied);
        append_escaped(text_, text[at]);
        copied = at + 1;
    }
    text_ += text.substr(copied);
    text_ += '"';
}

}  // namespace meridian
