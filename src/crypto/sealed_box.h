#pragma once
// Sealing bytes to somebody whose public key is all that the sealer has: X25519 (RFC 7748), then
// AES-256-GCM with a key of that one exchange. Pure but for Random; any thread.
//
// A box is: version (1 byte, 1) | the sealer's one-time public key (32) | crypto::seal() of the
// plaintext.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace meridian::crypto {

// What the recipient keeps: 32 random bytes.
using BoxSecret = std::array<std::uint8_t, 32>;
using BoxRecipient = std::array<std::uint8_t, 32>;

[[nodiscard]] BoxRecipient box_recipient(BoxSecret const& secret);

// `context` is bound to the box, as in seal(). kInvalidParameterValue where the recipient is no
// point that a secret can be shared with.
[[nodiscard]] Result<std::string> seal_box(BoxRecipient const& recipient,
                                           std::string_view plaintext, std::string_view context,
                                           Random& random);

// kCorrupt for anything that seal_box() did not make for this secret's recipient and context.
[[nodiscard]] Result<std::string> open_box(BoxSecret const& secret, std::string_view box,
                                           std::string_view context);

}  // namespace meridian::crypto
