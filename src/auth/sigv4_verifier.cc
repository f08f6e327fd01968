#include "auth/sigv4_verifier.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "auth/session_token_check.h"
#include "base/encoding.h"
#include "model/limits.h"
#include "wire/event_time.h"
#include "wire/sigv4.h"
#include "wire/uri.h"
#include "wire/utf8.h"

namespace meridian::auth {
namespace {

namespace sigv4 = wire::sigv4;

constexpr std::string_view kWrongSignature =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret "
    "Access Key and signing method. Consult the service documentation for details.";
constexpr std::string_view kInvalidToken = "The security token included in the request is invalid.";

// What a request says about its signature, in either form. Not verified, and not decoded where it
// comes from the query.
struct Claim {
    bool presigned = false;
    std::string_view algorithm;
    std::string_view credential;
    std::string_view signed_headers;
    std::string_view signature;
    std::string_view date;      // presigned only
    std::string_view lifetime;  // presigned only
    std::string_view token;
};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

Claim claim_of_header(HttpRequest const& request, std::string_view authorization) {
    Claim claim;
    authorization = trimmed(authorization);
    auto const space = std::min(authorization.find(' '), authorization.size());
    claim.algorithm = authorization.substr(0, space);
    auto rest = authorization.substr(space);
    while (!rest.empty()) {
        auto const comma = std::min(rest.find(','), rest.size());
        auto const part = trimmed(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        auto const equals = part.find('=');
        if (equals == std::string_view::npos) continue;
        auto const name = part.substr(0, equals);
        auto const value = part.substr(equals + 1);
        if (name == "Credential") claim.credential = value;
        if (name == "SignedHeaders") claim.signed_headers = value;
        if (name == "Signature") claim.signature = value;
    }
    claim.token = request.headers.get("X-Amz-Security-Token");
    return claim;
}

Claim claim_of_query(HttpRequest const& request) {
    Claim claim;
    claim.presigned = true;
    for (auto const& [name, value] : wire::split_query(request.query())) {
        if (name == "X-Amz-Algorithm") claim.algorithm = value;
        if (name == "X-Amz-Credential") claim.credential = value;
        if (name == "X-Amz-SignedHeaders") claim.signed_headers = value;
        if (name == "X-Amz-Signature") claim.signature = value;
        if (name == "X-Amz-Date") claim.date = value;
        if (name == "X-Amz-Expires") claim.lifetime = value;
        if (name == "X-Amz-Security-Token") claim.token = value;
    }
    return claim;
}

// Nothing where the request is not signed at all.
std::optional<Claim> claim_of(HttpRequest const& request) {
    auto const authorization = request.headers.get("Authorization");
    if (trimmed(authorization).starts_with("AWS4")) return claim_of_header(request, authorization);
    if (!authorization.empty()) return std::nullopt;  // another scheme
    auto claim = claim_of_query(request);
    if (claim.algorithm.empty() && claim.signature.empty() && claim.credential.empty())
        return std::nullopt;
    return claim;
}

// key/date/region/service/aws4_request, where a slash may be %2F. Access key ids hold no slash.
std::optional<std::array<std::string_view, 5>> split_credential(std::string_view credential) {
    std::array<std::string_view, 5> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        std::size_t end = 0;
        std::size_t separator = 0;
        for (; end < credential.size(); ++end) {
            if (credential[end] == '/') separator = 1;
            auto const escape = credential.substr(end, 3);
            if (escape == "%2F" || escape == "%2f") separator = 3;
            if (separator != 0) break;
        }
        parts[i] = credential.substr(0, end);
        bool const last = i + 1 == parts.size();
        if (last != (separator == 0)) return std::nullopt;
        credential.remove_prefix(end + separator);
    }
    return parts;
}

Result<void> check_complete(HttpRequest const& request, Claim const& claim) {
    std::string faults;
    if (claim.presigned) {
        struct {
            std::string_view value, name;
        } const needed[] = {{claim.algorithm, "X-Amz-Algorithm"},
                            {claim.credential, "X-Amz-Credential"},
                            {claim.signature, "X-Amz-Signature"},
                            {claim.signed_headers, "X-Amz-SignedHeaders"},
                            {claim.date, "X-Amz-Date"}};
        for (auto const& parameter : needed) {
            if (!parameter.value.empty()) continue;
            faults +=
                fmt::format("AWS query-string parameters must include '{}'. ", parameter.name);
        }
        if (!faults.empty())
            return fail(Errc::kIncompleteSignature,
                        faults + "Re-examine the query-string parameters.");
    } else {
        struct {
            std::string_view value, name;
        } const needed[] = {{claim.credential, "Credential"},
                            {claim.signature, "Signature"},
                            {claim.signed_headers, "SignedHeaders"}};
        for (auto const& parameter : needed) {
            if (!parameter.value.empty()) continue;
            faults += fmt::format("Authorization header requires '{}' parameter. ", parameter.name);
        }
        if (request.headers.get("X-Amz-Date").empty() && request.headers.get("Date").empty()) {
            faults +=
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                "header. ";
        }
        if (!faults.empty()) {
            return fail(Errc::kIncompleteSignature,
                        faults + "(Hashed with SHA-256 and encoded with Base64) Authorization=" +
                            crypto::sha256_base64(request.headers.get("Authorization")));
        }
    }
    if (claim.algorithm != sigv4::kAlgorithm) {
        return fail(Errc::kIncompleteSignature, fmt::format("Unsupported AWS 'algorithm': '{}'.",
                                                            wire::to_valid_utf8(claim.algorithm)));
    }
    return {};
}

// "host", and every x-amz-* header that is there: none may be slipped in after signing.
Result<void> check_signed_headers(HttpRequest const& request, std::string_view list) {
    std::vector<std::string_view> names;
    while (!list.empty() && names.size() <= kSignedHeadersMax) {
        auto const end = std::min(list.find(';'), list.size());
        names.push_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    if (names.size() > kSignedHeadersMax) {
        return fail(Errc::kIncompleteSignature, "The request has too many signed headers.");
    }
    auto const is_signed = [&](std::string_view name) {
        return std::ranges::any_of(names, [&](auto n) { return same_header_name(n, name); });
    };
    if (!is_signed("host")) {
        return fail(Errc::kInvalidSignature,
                    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    }
    for (auto const& field : request.headers.fields()) {
        bool const must =
            field.name.size() > 6 && same_header_name(field.name.substr(0, 6), "x-amz-");
        if (must && !is_signed(field.name)) {
            return fail(
                Errc::kInvalidSignature,
                fmt::format("There were headers present in the request which were not signed: {}",
                            wire::to_valid_utf8(field.name)));
        }
    }
    return {};
}

Result<void> check_scope(std::array<std::string_view, 5> const& credential,
                         ExpectedScope const& expected, std::string_view amz_date) {
    auto const& [key, date, region, service, terminator] = credential;
    std::string faults;
    if (!expected.region.empty() && region != expected.region) {
        faults += fmt::format("Credential should be scoped to a valid region, not '{}'. ",
                              wire::to_valid_utf8(region));
    }
    if (service != expected.service) {
        faults +=
            fmt::format("Credential should be scoped to correct service: '{}'. ", expected.service);
    }
    if (terminator != "aws4_request") {
        faults += fmt::format(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'. ",
            wire::to_valid_utf8(terminator));
    }
    if (date != amz_date.substr(0, 8)) {
        faults += fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            "HTTP: "
            "'{}' != '{}', from '{}'. ",
            wire::to_valid_utf8(date), amz_date.substr(0, 8), amz_date);
    }
    if (faults.empty()) return {};
    faults.pop_back();
    return fail(Errc::kInvalidSignature, std::move(faults));
}

Result<WallTime> signing_time(HttpRequest const& request, Claim const& claim) {
    std::optional<WallTime> time;
    if (claim.presigned) {
        time = wire::parse_amz_date(wire::percent_decoded(claim.date));
    } else if (auto const amz = request.headers.get("X-Amz-Date"); !amz.empty()) {
        time = wire::parse_amz_date(trimmed(amz));
    } else {
        auto const date = trimmed(request.headers.get("Date"));
        time = wire::parse_http_date(date);
        if (!time) time = wire::parse_amz_date(date);
    }
    if (!time) {
        return fail(Errc::kIncompleteSignature,
                    "Date must be in ISO-8601 'basic format'. Got a date that is not. See "
                    "http://en.wikipedia.org/wiki/ISO_8601");
    }
    return *time;
}

std::optional<int> positive_number(std::string_view text) {
    char const* const begin = text.data();
    char const* const end = begin + text.size();
    int value = 0;
    auto const [stop, fault] = std::from_chars(begin, end, value);
    if (fault != std::errc{} || stop != end || value < 1) return std::nullopt;
    return value;
}

Result<void> check_time(WallTime signed_at, Claim const& claim, WallTime now) {
    using model::limits::kClockSkewMax;
    auto lifetime = std::chrono::seconds{kClockSkewMax};
    if (claim.presigned && !claim.lifetime.empty()) {
        auto const seconds = positive_number(claim.lifetime);
        if (!seconds) {
            return fail(Errc::kIncompleteSignature,
                        "X-Amz-Expires must be a positive number of seconds.");
        }
        lifetime = std::chrono::seconds{*seconds};
        if (lifetime > kPresignedLifetimeMax) {
            return fail(
                Errc::kIncompleteSignature,
                fmt::format(
                    "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                    "X-Amz-Expires must be less than {} seconds",
                    kPresignedLifetimeMax.count()));
        }
    }
    auto const text = [](WallTime time) { return wire::format_amz_date(time); };
    if (signed_at + lifetime < now) {
        bool const by_skew = lifetime == kClockSkewMax && claim.lifetime.empty();
        return fail(
            Errc::kInvalidSignature,
            by_skew
                ? fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                              text(signed_at), text(now - kClockSkewMax), text(now))
                : fmt::format("Signature expired: {} is now earlier than {} ({} - {} sec.)",
                              text(signed_at), text(now - lifetime), text(now), lifetime.count()));
    }
    if (signed_at > now + kClockSkewMax) {
        return fail(
            Errc::kInvalidSignature,
            fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                        text(signed_at), text(now + kClockSkewMax), text(now)));
    }
    return {};
}

}  // namespace

std::optional<ClaimedScope> parse_scope(HttpRequest const& request) {
    auto const claim = claim_of(request);
    if (!claim) return std::nullopt;
    auto const parts = split_credential(claim->credential);
    if (!parts) return std::nullopt;
    return ClaimedScope{(*parts)[0], (*parts)[1], (*parts)[2], (*parts)[3]};
}

Result<Caller> Verifier::verify(HttpRequest const& request, ExpectedScope const& expected) {
    auto const claim = claim_of(request);
    if (!claim) return fail(Errc::kMissingAuthentication, "Missing Authentication Token");
    MERIDIAN_CHECK(check_complete(request, *claim));
    auto const parts = split_credential(claim->credential);
    if (!parts) {
        return fail(Errc::kIncompleteSignature,
                    fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                                "keyid/date/region/service/term, got '{}'",
                                wire::to_valid_utf8(claim->credential)));
    }
    auto const& [key_id, date, region, service, terminator] = *parts;
    std::string const signed_headers = claim->presigned
                                           ? wire::percent_decoded(claim->signed_headers)
                                           : std::string(claim->signed_headers);
    MERIDIAN_CHECK(check_signed_headers(request, signed_headers));

    model::AccessKeyId const access_key_id{std::string(key_id)};
    auto const token =
        claim->presigned ? wire::percent_decoded(claim->token) : std::string(claim->token);
    Credential const* const credential = credentials_.find(access_key_id, token);
    if (credential == nullptr) return fail(Errc::kUnrecognizedClient, std::string(kInvalidToken));
    WallTime const now = clock_.wall_now();
    MERIDIAN_CHECK(check_session_token(*credential, token, now));

    MERIDIAN_TRY(WallTime const signed_at, signing_time(request, *claim));
    std::string const amz_date = wire::format_amz_date(signed_at);
    MERIDIAN_CHECK(check_scope(*parts, expected, amz_date));
    MERIDIAN_CHECK(check_time(signed_at, *claim, now));

    // The hash of what came, whatever the client says it is: UNSIGNED-PAYLOAD is refused
    // (docs/decisions/0031).
    std::string const payload_hash = crypto::sha256_hex(request.body);
    if (auto const claimed = request.headers.get("x-amz-content-sha256");
        !claimed.empty() && !crypto::equal_in_constant_time(trimmed(claimed), payload_hash)) {
        return fail(Errc::kInvalidSignature,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }

    sigv4::Scope const scope{date, region, service};
    auto const canonical = sigv4::canonical_request(request, signed_headers, payload_hash);
    auto const to_sign = sigv4::string_to_sign(amz_date, scope, canonical);
    std::string cache_id = fmt::format("{}/{}/{}/{}", key_id, date, region, service);
    auto const matches = [&](crypto::HmacSha256Key const& key) {
        return crypto::equal_in_constant_time(to_hex(crypto::as_bytes(key.sign(to_sign))),
                                              claim->signature);
    };
    if (auto const* const key = cached_key(cache_id, credential->secret_access_key)) {
        if (!matches(*key)) return fail(Errc::kInvalidSignature, std::string(kWrongSignature));
    } else {
        crypto::HmacSha256Key const derived{
            crypto::as_bytes(sigv4::signing_key(credential->secret_access_key, scope))};
        // Only a right signature earns a place: guesses cannot push others out.
        if (!matches(derived)) return fail(Errc::kInvalidSignature, std::string(kWrongSignature));
        remember_key(std::move(cache_id), credential->secret_access_key, derived);
    }
    return Caller{credential->account,
                  credential->arn,
                  credential->user_id,
                  access_key_id,
                  model::RegionName{std::string(region)},
                  std::string(service),
                  credential->principal};
}

crypto::HmacSha256Key const* Verifier::cached_key(std::string const& id, std::string_view secret) {
    auto const found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    auto const entry = found->second;
    if (!crypto::equal_in_constant_time(entry->secret, secret)) {
        by_id_.erase(found);
        keys_.erase(entry);
        return nullptr;
    }
    keys_.splice(keys_.begin(), keys_, entry);
    return &entry->key;
}

void Verifier::remember_key(std::string id, std::string_view secret,
                            crypto::HmacSha256Key const& key) {
    if (keys_.size() >= kSigningKeysCachedMax) {
        by_id_.erase(keys_.back().id);
        keys_.pop_back();
    }
    keys_.push_front({std::move(id), std::string(secret), key});
    by_id_.emplace(keys_.front().id, keys_.begin());
}

}  // namespace meridian::auth
