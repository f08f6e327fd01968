#include "auth/session_token_check.h"

#include "crypto/sha256.h"

namespace meridian::auth {

Result<void> check_session_token(Credential const& credential, std::string_view token,
                                 WallTime now) {
    constexpr auto kInvalid = "The security token included in the request is invalid.";
    if (credential.session_token.has_value() != !token.empty())
        return fail(Errc::kUnrecognizedClient, kInvalid);
    if (credential.session_token &&
        !crypto::equal_in_constant_time(*credential.session_token, token))
        return fail(Errc::kUnrecognizedClient, kInvalid);
    if (credential.expires && *credential.expires <= now)
        return fail(Errc::kExpiredToken, "The security token included in the request is expired");
    return {};
}

}  // namespace meridian::auth
