#include "auth/git_verifier.h"

#include <algorithm>

#include <fmt/format.h>

#include "auth/session_token_check.h"
#include "base/ascii.h"
#include "base/encoding.h"
#include "model/limits.h"
#include "wire/event_time.h"
#include "wire/sigv4.h"

namespace meridian::auth {
namespace {

constexpr std::string_view kBasic = "basic ";
constexpr std::size_t kTimeChars = 15;  // "20260101T000000"
constexpr std::size_t kDateChars = 8;   // "20260101"
constexpr std::size_t kSignatureChars = 64;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

Result<void> check_time(WallTime signed_at, WallTime now) {
    if (signed_at + kGitSignatureLifetime < now)
        return fail(Errc::kInvalidSignature, "The password's signature has expired.");
    if (signed_at > now + model::limits::kClockSkewMax)
        return fail(Errc::kInvalidSignature,
                    "The password's signature is of the future: compare the clocks.");
    return {};
}

}  // namespace

std::optional<BasicCredentials> parse_basic_authorization(std::string_view header) {
    if (!equals_ignoring_case(header.substr(0, kBasic.size()), kBasic)) return std::nullopt;
    header.remove_prefix(kBasic.size());
    while (header.starts_with(' ')) header.remove_prefix(1);
    while (header.ends_with(' ')) header.remove_suffix(1);
    auto const text = from_base64(header);
    if (!text) return std::nullopt;
    auto const colon = text->find(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    auto const user = std::string_view(*text).substr(0, colon);
    auto const percent = std::min(user.find('%'), user.size());
    return BasicCredentials{
        .access_key_id = std::string(user.substr(0, percent)),
        .session_token = std::string(user.substr(std::min(percent + 1, user.size()))),
        .password = text->substr(colon + 1)};
}

std::optional<GitSignature> parse_git_signature(std::string_view password) {
    if (password.size() != kTimeChars + 1 + kSignatureChars) return std::nullopt;
    auto const time = wire::parse_amz_date(password.substr(0, kTimeChars + 1));
    auto const value = password.substr(kTimeChars + 1);
    if (!time || !std::ranges::all_of(value, is_hex_digit)) return std::nullopt;
    return GitSignature{.time = password.substr(0, kTimeChars), .value = value, .signed_at = *time};
}

std::string sign_git_target(std::string_view secret_access_key, GitTarget const& target,
                            std::string_view time) {
    auto const host = target.host.substr(0, target.host.find(':'));
    auto const canonical = fmt::format("GIT\n{}\n\nhost:{}\n\nhost\n", target.path, host);
    wire::sigv4::Scope const scope{time.substr(0, kDateChars), target.region, "codecommit"};
    auto const key = wire::sigv4::signing_key(secret_access_key, scope);
    return to_hex(crypto::as_bytes(crypto::hmac_sha256(
        crypto::as_bytes(key), wire::sigv4::string_to_sign(time, scope, canonical))));
}

Result<Caller> GitVerifier::verify(HttpRequest const& request, GitTarget const& target) const {
    auto const given = parse_basic_authorization(request.headers.get("Authorization"));
    if (!given) {
        return fail(Errc::kMissingAuthentication,
                    "Give an access key id as user name and its secret access key as password.");
    }
    model::AccessKeyId const key_id{given->access_key_id};
    auto const* const credential = credentials_.find(key_id, given->session_token);
    if (credential == nullptr)
        return fail(Errc::kUnrecognizedClient, "The access key id or its token is not known.");
    auto const now = clock_.wall_now();
    MERIDIAN_CHECK(check_session_token(*credential, given->session_token, now));
    if (auto const signature = parse_git_signature(given->password)) {
        MERIDIAN_CHECK(check_time(signature->signed_at, now));
        auto const expected =
            sign_git_target(credential->secret_access_key, target, signature->time);
        if (!crypto::equal_in_constant_time(expected, signature->value)) {
            return fail(Errc::kInvalidSignature,
                        fmt::format("The password is not a signature of {} for the region {}.",
                                    target.path, target.region));
        }
    } else if (!crypto::equal_in_constant_time(credential->secret_access_key, given->password)) {
        return fail(Errc::kInvalidSignature, "The secret access key is wrong.");
    }
    return Caller{credential->account,
                  credential->arn,
                  credential->user_id,
                  key_id,
                  model::RegionName{std::string(target.region)},
                  "codecommit",
                  credential->principal};
}

}  // namespace meridian::auth
