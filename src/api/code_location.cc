#include "api/code_location.h"

#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "control/control_plane.h"
#include "crypto/sha256.h"
#include "model/limits.h"
#include "wire/event_time.h"
#include "wire/sigv4.h"
#include "wire/uri.h"

namespace meridian::api {

namespace {

namespace sigv4 = wire::sigv4;

constexpr std::string_view kPrefix = "/_code/";
constexpr std::string_view kAccessKeyId = "MERIDIANCODELINK0001";
constexpr std::string_view kService = "s3";
constexpr sigv4::PathRules kS3Paths{.double_encode = false, .normalize = false};

// What a link's last segment ends in: a UUID, as AWS's have, that says no more than the hash does.
std::string uuid_of(std::string_view sha256_hex) {
    return fmt::format("{}-{}-{}-{}-{}", sha256_hex.substr(0, 8), sha256_hex.substr(8, 4),
                       sha256_hex.substr(12, 4), sha256_hex.substr(16, 4),
                       sha256_hex.substr(20, 12));
}

// A query parameter's decoded value, or empty. Given twice, it is empty too: nobody signs that.
std::string parameter(std::string_view query, std::string_view name) {
    std::string value;
    int seen = 0;
    for (auto const& [key, encoded] : wire::split_query(query)) {
        if (wire::percent_decoded(key) != name) continue;
        value = wire::percent_decoded_text(encoded);
        ++seen;
    }
    return seen == 1 ? value : std::string();
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

HttpResponse refusal(CodeLocationError const& error, model::RequestId const& request_id) {
    HttpResponse response;
    response.status = error.status;
    response.headers.add("Content-Type", "application/xml");
    response.headers.add("x-amz-request-id", request_id.value());
    response.body = fmt::format(
        "<?xml version=\"1.0\" "
        "encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{}<RequestId>{}"
        "</RequestId></Error>",
        error.code, xml_escaped(error.message), error.details, xml_escaped(request_id.value()));
    return response;
}

std::unexpected<CodeLocationError> denied(std::string message, std::string details = {}) {
    return std::unexpected(
        CodeLocationError{403, "AccessDenied", std::move(message), std::move(details)});
}

}  // namespace

CodeLocations::CodeLocations(Clock const& clock, model::RegionName region, std::string_view secret)
    : clock_(clock), region_(std::move(region)) {
    auto const digest = crypto::hmac_sha256(secret, "meridian code links 1 " + region_.value());
    key_ = to_hex(crypto::as_bytes(digest));
}

std::string CodeLocations::link(std::string_view endpoint, CodePackageName const& package) const {
    auto const hash = to_hex(from_base64(package.sha256.value()).value_or(""));
    HttpRequest request;
    request.method = "GET";
    request.target =
        fmt::format("{}{}/{}/{}-{}?versionId={}", kPrefix, region_.value(), package.account.value(),
                    package.name, uuid_of(hash + std::string(32, '0')), hash);
    auto const authority = endpoint.substr(
        endpoint.find("//") == std::string_view::npos ? 0 : endpoint.find("//") + 2);
    request.headers.add("Host", std::string(authority));
    sigv4::SigningOptions options{.region = region_.value(),
                                  .service = std::string(kService),
                                  .time = clock_.wall_now(),
                                  .path_rules = kS3Paths};
    sigv4::Credentials const credentials{.access_key_id = std::string(kAccessKeyId),
                                         .secret_access_key = key_};
    return std::string(endpoint) + sigv4::presigned_target(request, credentials, options,
                                                           model::limits::kCodeLocationLifetime,
                                                           sigv4::kUnsignedPayload);
}

bool CodeLocations::is_code_path(std::string_view path) noexcept {
    return path.starts_with(kPrefix);
}

std::optional<model::RegionName> CodeLocations::region_of(std::string_view path) {
    if (!is_code_path(path)) return std::nullopt;
    path.remove_prefix(kPrefix.size());
    auto const end = path.find('/');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    return model::RegionName(std::string(path.substr(0, end)));
}

std::expected<model::CodeSha256, CodeLocationError> CodeLocations::verify(
    HttpRequest const& request) const {
    auto const query = request.query();
    auto const signature = parameter(query, "X-Amz-Signature");
    auto const date = parameter(query, "X-Amz-Date");
    auto const expires_text = parameter(query, "X-Amz-Expires");
    auto const signed_at = wire::parse_amz_date(date);
    int lifetime = 0;
    auto const [end, error] =
        std::from_chars(expires_text.data(), expires_text.data() + expires_text.size(), lifetime);
    bool const lifetime_ok =
        error == std::errc{} && end == expires_text.data() + expires_text.size() && lifetime > 0;
    if (signature.empty() || !signed_at || !lifetime_ok ||
        parameter(query, "X-Amz-Algorithm") != sigv4::kAlgorithm ||
        region_of(request.path()) != region_) {
        return denied("Access Denied");
    }

    sigv4::Scope const scope{.date = std::string_view(date).substr(0, 8),
                             .region = region_.value(),
                             .service = kService};
    auto const credential = fmt::format("{}/{}/{}/{}/aws4_request", kAccessKeyId, scope.date,
                                        scope.region, scope.service);
    std::string computed;
    if (parameter(query, "X-Amz-Credential") == credential &&
        parameter(query, "X-Amz-SignedHeaders") == "host") {
        auto const canonical =
            sigv4::canonical_request(request, "host", sigv4::kUnsignedPayload, kS3Paths);
        auto const key = sigv4::signing_key(key_, scope);
        auto const mac = crypto::hmac_sha256(crypto::as_bytes(key),
                                             sigv4::string_to_sign(date, scope, canonical));
        computed = to_hex(crypto::as_bytes(mac));
    }
    if (!crypto::equal_in_constant_time(computed, signature)) {
        return std::unexpected(
            CodeLocationError{403, "SignatureDoesNotMatch",
                              "The request signature we calculated does not match the signature "
                              "you provided. Check your key and signing "
                              "method."});
    }
    auto const now = clock_.wall_now();
    auto const expires = *signed_at + std::chrono::seconds(lifetime);
    if (now >= expires) {
        return denied(
            "Request has expired",
            fmt::format(
                "<X-Amz-Expires>{}</X-Amz-Expires><Expires>{}</Expires><ServerTime>{}</ServerTime>",
                lifetime, wire::format_iso8601(expires), wire::format_iso8601(now)));
    }
    if (now + model::limits::kClockSkewMax < *signed_at) return denied("Request is not yet valid");
    auto const hash = from_hex(parameter(query, "versionId"));
    if (!hash) return denied("Access Denied");
    return model::CodeSha256(to_base64(*hash));
}

asio::awaitable<HttpResponse> CodeLocations::serve(control::ControlPlane& control,
                                                   HttpRequest request,
                                                   model::RequestId request_id) const {
    if (request.method != "GET") {
        co_return refusal(
            {405, "MethodNotAllowed", "The specified method is not allowed against this resource."},
            request_id);
    }
    auto const sha256 = verify(request);
    if (!sha256) co_return refusal(sha256.error(), request_id);
    auto bytes = co_await control.get_code(*sha256);
    if (!bytes && bytes.error().code == Errc::kResourceNotFound) {
        co_return refusal({404, "NoSuchKey", "The specified key does not exist."}, request_id);
    }
    if (!bytes) {
        co_return refusal(
            {500, "InternalError", "We encountered an internal error. Please try again."},
            request_id);
    }
    HttpResponse response;
    response.headers.add("Content-Type", "application/zip");
    response.headers.add("x-amz-request-id", request_id.value());
    response.body = std::move(*bytes);
    co_return response;
}

}  // namespace meridian::api
