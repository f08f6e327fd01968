#pragma once
// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) over OpenSSL. Pure functions and small values;
// any thread, one thread at a time for one object.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

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

    void update(std::string_view bytes);
    // The digest of everything so far; the object then starts anew.
    [[nodiscard]] Sha256Digest finish();

  private:
    void begin_again();

    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
    bool finished_ = false;  // most are asked once: they do not pay for a second beginning
};

[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

// A key that is used again and again: padded once. Signing does not change it.
class HmacSha256Key {
  public:
    explicit HmacSha256Key(std::string_view key);

    [[nodiscard]] Sha256Digest sign(std::string_view message) const;

  private:
    std::array<char, 64> inner_{};  // the key's block XOR 0x36, and XOR 0x5c
    std::array<char, 64> outer_{};
};

// Whether two byte strings are the same, in time that depends on their lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace meridian::crypto
