#pragma once
// Ed25519 signatures (RFC 8032) over OpenSSL. Pure; any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace meridian::crypto {

// What stays with the signer: 32 random bytes.
using Ed25519Seed = std::array<std::uint8_t, 32>;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

[[nodiscard]] Ed25519PublicKey ed25519_public_key(Ed25519Seed const& seed);
[[nodiscard]] Ed25519Signature ed25519_sign(Ed25519Seed const& seed, std::string_view message);
[[nodiscard]] bool ed25519_verify(Ed25519PublicKey const& key, std::string_view message,
                                  Ed25519Signature const& signature);

}  // namespace meridian::crypto
