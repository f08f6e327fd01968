#pragma once
// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) over OpenSSL. Pure functions and small values;
// any thread, one thread at a time for one object.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace meridian::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);
// The digest in lower-case hexadecimal, as SigV4 wants it, and in base64, as CodeSha256 wants it.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string sha256_base64(std::string_view bytes);

[[nodiscard]] std::string_view as_bytes(Sha256Digest const& digest) noexcept;

// A hash over bytes that come piece by piece.
class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(std::string_view bytes);
    // The digest of everything so far; the object then starts anew.
    [[nodiscard]] Sha256Digest finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

// A key whose two first blocks are hashed once. Copies are cheap; signing does not change it.
class HmacSha256Key {
  public:
    explicit HmacSha256Key(std::string_view key);

    [[nodiscard]] Sha256Digest sign(std::string_view message) const;

  private:
    std::array<std::uint32_t, 8> inner_{};  // SHA-256 states after the padded key
    std::array<std::uint32_t, 8> outer_{};
};

// Whether two byte strings are the same, in time that depends on their lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace meridian::crypto
