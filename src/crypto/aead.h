#pragma once
// Sealing bytes so that only the key's holder reads them and nobody changes them unseen:
// AES-256-GCM over OpenSSL, with a random nonce. Pure but for Random; any thread.
//
// A sealed value is: version (1 byte, 1) | key id (4 bytes, big endian) | nonce (12) | ciphertext |
// tag (16).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace meridian::crypto {

using AeadKey = std::array<std::uint8_t, 32>;

// A key for one use of a master key (32 random bytes), so that what is sealed for one use never
// passes for another's.
[[nodiscard]] AeadKey derive_key(std::string_view master, std::string_view use);

inline constexpr std::uint8_t kSealedVersion = 1;
inline constexpr std::size_t kSealedOverheadBytes = 1 + 4 + 12 + 16;

// `context` is not stored but bound to the value: opening needs the same (say, the resource's ARN,
// so that a value cannot be moved to another).
[[nodiscard]] std::string seal(AeadKey const& key, std::uint32_t key_id, std::string_view plaintext,
                               std::string_view context, Random& random);

// The same with a nonce that follows from key, context and plaintext: the same value sealed twice
// is the same bytes, so that a file that holds it changes only when the value does. Who reads two
// of them learns whether they are equal, and no more. open() opens it.
[[nodiscard]] std::string seal_repeatably(AeadKey const& key, std::uint32_t key_id,
                                          std::string_view plaintext, std::string_view context);

// kCorrupt for anything that seal() did not make with this key and context.
[[nodiscard]] Result<std::string> open(AeadKey const& key, std::string_view sealed,
                                       std::string_view context);

// Which key a value was sealed with. kCorrupt where it is no sealed value of a version we know.
[[nodiscard]] Result<std::uint32_t> sealed_key_id(std::string_view sealed);

}  // namespace meridian::crypto
