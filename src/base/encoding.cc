#include "base/encoding.h"

#include <array>
#include <cstdint>

#include "base/random.h"

namespace meridian {
namespace {

constexpr std::uint8_t kBad = 0xff;

consteval std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
    std::array<std::uint8_t, 256> table{};
    table.fill(kBad);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}

constexpr auto kFromBase64 = reverse(kBase64Alphabet);

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint32_t octet(char c) { return static_cast<unsigned char>(c); }

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (char const c : bytes) {
        text.push_back(kLowerHex[octet(c) >> 4]);
        text.push_back(kLowerHex[octet(c) & 15]);
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        int const high = hex_digit(text[i]);
        int const low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        std::uint32_t const n =
            octet(bytes[i]) << 16 | octet(bytes[i + 1]) << 8 | octet(bytes[i + 2]);
        for (int shift = 18; shift >= 0; shift -= 6)
            text.push_back(kBase64Alphabet[n >> shift & 63]);
    }
    std::size_t const rest = bytes.size() - i;
    if (rest > 0) {
        std::uint32_t const n = octet(bytes[i]) << 16 | (rest == 2 ? octet(bytes[i + 1]) << 8 : 0);
        text.push_back(kBase64Alphabet[n >> 18 & 63]);
        text.push_back(kBase64Alphabet[n >> 12 & 63]);
        text.push_back(rest == 2 ? kBase64Alphabet[n >> 6 & 63] : '=');
        text.push_back('=');
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return std::string{};
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        bool const last = i + 4 == text.size();
        std::size_t const digits = last ? 4 - padding : 4;
        std::uint32_t n = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            std::uint8_t const value = j < digits ? kFromBase64[octet(text[i + j])] : 0;
            if (value == kBad) return std::nullopt;
            n = n << 6 | value;
        }
        // Bits past the last byte must be zero, or two texts would mean the same bytes.
        if (last && padding == 1 && (n & 0xff) != 0) return std::nullopt;
        if (last && padding == 2 && (n & 0xffff) != 0) return std::nullopt;
        for (std::size_t j = 0; j + 1 < digits; ++j) {
            bytes.push_back(static_cast<char>(n >> (16 - 8 * j) & 0xff));
        }
    }
    return bytes;
}

}  // namespace meridian
