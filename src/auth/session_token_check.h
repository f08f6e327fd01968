#pragma once
// Whether the session token that came with a key is the one that belongs to it. Pure; any thread.

#include "auth/sigv4_verifier.h"

namespace meridian::auth {

// kUnrecognizedClient, kExpiredToken.
[[nodiscard]] Result<void> check_session_token(Credential const& credential, std::string_view token,
                                               WallTime now);

}  // namespace meridian::auth
