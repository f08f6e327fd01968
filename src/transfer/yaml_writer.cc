#include "transfer/yaml_writer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/ascii.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

constexpr std::string_view kIndent = "  ";

// What YAML 1.1 or 1.2 takes for something else than a text.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Begins with a letter or '/', and has only characters that mean nothing anywhere.
bool is_plain(std::string_view text) {
    if (text.empty() || !(is_letter(text.front()) || text.front() == '/')) return false;
    if (std::ranges::find(kReserved, lowered(text)) != kReserved.end()) return false;
    if (text.back() == ':' || text.back() == ' ') return false;
    for (std::size_t n = 0; n < text.size(); ++n) {
        char const c = text[n];
        if (is_letter(c) || is_digit(c) || std::string_view("_-./+=@$").contains(c)) continue;
        if (c == ':' && text[n + 1] != ' ') continue;
        if (c == ' ' && text[n + 1] != ' ' && text[n + 1] != '#') continue;
        return false;
    }
    return true;
}

// A code point and the bytes it takes; texts are UTF-8.
struct CodePoint {
    char32_t value;
    std::size_t bytes;
};
CodePoint code_point(std::string_view text, std::size_t at) {
    auto const byte = [&](std::size_t n) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[at + n]));
    };
    auto const lead = byte(0);
    std::size_t const bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (bytes == 1 || at + bytes > text.size()) return {lead, 1};
    char32_t value = lead & (0xFFU >> (bytes + 1));
    for (std::size_t n = 1; n < bytes; ++n) value = (value << 6U) | (byte(n) & 0x3FU);
    return {value, bytes};
}

// What a reader keeps as it is, in a block or between quotes.
bool is_printable(char32_t c) {
    return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c < 0xD800 && c != 0x2028 && c != 0x2029) ||
           (c >= 0xE000 && c < 0xFFFE && c != 0xFEFF) || c >= 0x10000;
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        auto const [c, bytes] = code_point(text, at);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (is_printable(c)) {
            out += text.substr(at, bytes);
        } else {
            out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(c));
        }
        at += bytes;
    }
    return out + '"';
}

// Lines that a literal block gives back to the letter: it ends with one newline or none, and its
// first line shows where the others begin.
bool is_block(std::string_view text) {
    if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
    if (std::string_view(" \n\t").contains(text.front())) return false;
    for (std::size_t at = 0; at < text.size();) {
        auto const [c, bytes] = code_point(text, at);
        if (c != '\n' && !is_printable(c)) return false;
        at += bytes;
    }
    // Spaces at a line's end are kept, but a line of spaces alone is not safe everywhere.
    return text.find(" \n") == std::string_view::npos && !text.ends_with(' ');
}

std::string indentation(int level) {
    std::string out;
    for (int n = 0; n < level; ++n) out += kIndent;
    return out;
}

std::string block(std::string_view text, int level) {
    std::string out = text.ends_with('\n') ? "|" : "|-";
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        out += '\n';
        if (end != 0) out += indentation(level) + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string scalar(json const& value, int level) {
    if (!value.is_string()) {
        auto text = value.dump();  // JSON's numbers and words are YAML's, with one exception:
        auto const exponent = text.find('e');
        // YAML 1.1 knows no exponent without a point.
        if (value.is_number_float() && exponent != std::string::npos && !text.contains('.'))
            text.insert(exponent, ".0");
        return text;
    }
    auto const& text = value.get_ref<std::string const&>();
    if (is_plain(text)) return text;
    return is_block(text) ? block(text, level) : double_quoted(text);
}

std::string key_text(std::string const& key) { return is_plain(key) ? key : double_quoted(key); }

void write(std::string& out, json const& value, int level, std::vector<std::string> const& first);

// After "key:" or "-": on the same line where it fits there.
void write_value(std::string& out, json const& value, int level) {
    if (value.is_structured() && !value.empty()) {
        out += '\n';
        write(out, value, level, {});
    } else {
        out += ' ';
        out += value.is_structured() ? value.dump() : scalar(value, level);
        out += '\n';
    }
}

void write_member(std::string& out, std::string const& key, json const& value, int level) {
    out += indentation(level) + key_text(key) + ":";
    write_value(out, value, level + 1);
}

void write(std::string& out, json const& value, int level, std::vector<std::string> const& first) {
    if (value.is_array()) {
        for (auto const& item : value) {
            if (item.is_object() && !item.empty()) {
                // The first member stands behind the dash.
                std::string inner;
                write(inner, item, level + 1, {});
                out += indentation(level) + "- " + inner.substr(indentation(level + 1).size());
            } else {
                out += indentation(level) + "-";
                write_value(out, item, level + 1);
            }
        }
        return;
    }
    for (auto const& key : first) {
        if (value.contains(key)) write_member(out, key, value[key], level);
    }
    for (auto const& [key, member] : value.items()) {
        if (std::ranges::find(first, key) == first.end()) write_member(out, key, member, level);
    }
}

}  // namespace

std::string yaml_text(json const& value, std::vector<std::string> const& first) {
    if (!value.is_structured() || value.empty()) {
        return (value.is_structured() ? value.dump() : scalar(value, 1)) + "\n";
    }
    std::string out;
    write(out, value, 0, first);
    return out;
}

}  // namespace meridian::transfer
