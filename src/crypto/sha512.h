#pragma once
// SHA-512 over OpenSSL, because OpenSSH signs what it hashed with it. Pure; any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace meridian::crypto {

using Sha512Digest = std::array<std::uint8_t, 64>;

[[nodiscard]] Sha512Digest sha512(std::string_view bytes);

}  // namespace meridian::crypto
