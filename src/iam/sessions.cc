#include "iam/sessions.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace meridian::iam {

namespace {

using nlohmann::json;

constexpr int kTokenFormat = 1;
constexpr std::size_t kForwarded = 12;  // its place in the token
constexpr std::size_t kSessionSecretChars = 40;
constexpr std::size_t kTokenCharsMax = 16'384;  // ours: several times the largest that is made

std::int64_t seconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

WallTime time_of(json const& value) {
    return WallTime{std::chrono::seconds{value.get<std::int64_t>()}};
}

std::unexpected<Error> invalid() {
    return fail(Errc::kUnrecognizedClient,
                "The security token included in the request is invalid.");
}

}  // namespace

TemporaryCredentials make_session(SessionClaims const& claims, SecretKeys const& secrets,
                                  Random& random) {
    TemporaryCredentials made{
        .access_key_id = make_access_key_id("ASIA", claims.account, random),
        .secret_access_key = make_token(random, kBase64Alphabet, kSessionSecretChars),
        .session_token = {},
        .expires = claims.expires};
    auto const text = json{kTokenFormat,
                           static_cast<int>(claims.kind),
                           claims.account.value(),
                           claims.name,
                           claims.id,
                           claims.session_name,
                           claims.session_policy,
                           claims.source_function_arn,
                           seconds(claims.issued),
                           seconds(claims.expires),
                           made.access_key_id.value(),
                           made.secret_access_key,
                           claims.forwarded}
                          .dump();
    made.session_token = to_base64(secrets.seal_session(text, random));
    return made;
}

Result<OpenedSession> open_session(std::string_view token, SecretKeys const& secrets) {
    if (token.size() > kTokenCharsMax) return invalid();
    auto const sealed = from_base64(token);
    if (!sealed) return invalid();
    auto const text = secrets.open_session(*sealed);
    if (!text) return invalid();
    // What was sealed with our key was written above, or by another version of it.
    auto const value = json::parse(*text, nullptr, false);
    if (!value.is_array() || value.empty() || value[0] != kTokenFormat) return invalid();
    try {
        return OpenedSession{
            .claims = {.kind = static_cast<auth::Principal::Kind>(value.at(1).get<int>()),
                       .account = model::AccountId{value.at(2).get<std::string>()},
                       .name = value.at(3).get<std::string>(),
                       .id = value.at(4).get<std::string>(),
                       .session_name = value.at(5).get<std::string>(),
                       .session_policy = value.at(6).get<std::string>(),
                       .source_function_arn = value.at(7).get<std::string>(),
                       // Versions before 2026-11 say nothing of it.
                       .forwarded = value.size() > kForwarded && value[kForwarded].get<bool>(),
                       .issued = time_of(value.at(8)),
                       .expires = time_of(value.at(9))},
            .access_key_id = model::AccessKeyId{value.at(10).get<std::string>()},
            .secret_access_key = value.at(11).get<std::string>()};
    } catch (json::exception const&) {
        return invalid();
    }
}

}  // namespace meridian::iam
