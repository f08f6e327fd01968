#pragma once
// SHA-1 over OpenSSL, because git names its objects by it. It protects against nothing but chance:
// what must hold against an attacker has a SHA-256 besides. Pure; any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace meridian::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;

[[nodiscard]] Sha1Digest sha1(std::string_view first, std::string_view second = {});

}  // namespace meridian::crypto
