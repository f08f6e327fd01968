#include "base/random.h"

#include <cstring>

#include "base/assert.h"

namespace meridian {

std::uint64_t SeededRandom::next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

void SeededRandom::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        std::uint64_t const word = next();
        std::size_t const n = out.size() < sizeof word ? out.size() : sizeof word;
        std::memcpy(out.data(), &word, n);
        out = out.subspan(n);
    }
}

std::string make_uuid(Random& random) {
    std::array<std::byte, 16> bytes{};
    random.fill(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // RFC 9562 variant
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
        auto const byte = std::to_integer<unsigned>(bytes[i]);
        text.push_back(kLowerHex[byte >> 4]);
        text.push_back(kLowerHex[byte & 15]);
    }
    return text;
}

std::string make_token(Random& random, std::string_view alphabet, std::size_t length) {
    MERIDIAN_ASSERT(!alphabet.empty() && alphabet.size() <= 256);
    // Bytes past the largest multiple of the alphabet's size would favour its first characters.
    std::size_t const fair = 256 - 256 % alphabet.size();
    std::string token;
    token.reserve(length);
    std::array<std::byte, 64> pool{};
    while (token.size() < length) {
        random.fill(pool);
        for (auto const byte : pool) {
            auto const value = std::to_integer<std::size_t>(byte);
            if (value < fair && token.size() < length)
                token.push_back(alphabet[value % alphabet.size()]);
        }
    }
    return token;
}

}  // namespace meridian
