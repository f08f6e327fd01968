#pragma once
// The seam for randomness, and the ids that are made from it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace meridian {

class Random {
  public:
    virtual ~Random() = default;
    // Fills `out` with bytes that nobody can guess (the real one), or with a seeded sequence
    // (tests).
    virtual void fill(std::span<std::byte> out) = 0;
};

// A sequence that depends on its seed alone (splitmix64). For tests and simulation; never for
// secrets.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::byte> out) override;
    [[nodiscard]] std::uint64_t next();

  private:
    std::uint64_t state_;
};

// A version 4 UUID in its 36-character lower-case form.
[[nodiscard]] std::string make_uuid(Random& random);

// `length` characters drawn evenly from `alphabet` (at most 256 characters, at least one).
[[nodiscard]] std::string make_token(Random& random, std::string_view alphabet, std::size_t length);

inline constexpr std::string_view kUpperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
inline constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view kLowerHex = "0123456789abcdef";

}  // namespace meridian
