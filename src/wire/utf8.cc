#include "wire/utf8.h"

#include <cstdint>
#include <cstring>

namespace meridian::wire {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

// The first byte at or after `at` that is not ASCII, eight at a time.
std::size_t skip_ascii(std::string_view bytes, std::size_t at) noexcept {
    while (at + 8 <= bytes.size()) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + at, 8);
        if ((word & kHighBits) != 0) break;
        at += 8;
    }
    while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
    return at;
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view bytes, std::size_t at) noexcept {
    auto const byte = [&](std::size_t i) -> unsigned {
        return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0;
    };
    auto const continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    unsigned const lead = byte(0);
    if (at >= bytes.size()) return 0;
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        unsigned const low = lead == 0xE0 ? 0xA0 : 0x80;   // overlong
        unsigned const high = lead == 0xED ? 0x9F : 0xBF;  // surrogates
        return byte(1) >= low && byte(1) <= high && continues(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        unsigned const low = lead == 0xF0 ? 0x90 : 0x80;   // overlong
        unsigned const high = lead == 0xF4 ? 0x8F : 0xBF;  // above U+10FFFF
        return byte(1) >= low && byte(1) <= high && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while ((at = skip_ascii(bytes, at)) < bytes.size()) {
        std::size_t const length = utf8_sequence_length(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string to_valid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t const length = utf8_sequence_length(bytes, at);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            ++at;
        } else {
            out.append(bytes, at, length);
            at += length;
        }
    }
    return out;
}

std::size_t utf8_length(std::string_view text) noexcept {
    std::size_t length = 0;
    for (char const c : text) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return length;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

void append_utf8(std::string& out, char32_t point) {
    auto const byte = [&](char32_t bits) { out += static_cast<char>(bits); };
    auto const following = [&](unsigned shift) { byte(0x80U | (point >> shift & 0x3FU)); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0U | point >> 6U);
        following(0);
    } else if (point < 0x10000) {
        byte(0xE0U | point >> 12U);
        following(6);
        following(0);
    } else {
        byte(0xF0U | point >> 18U);
        following(12);
        following(6);
        following(0);
    }
}

}  // namespace meridian::wire
