#include "wire/sigv4.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/encoding.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::wire::sigv4 {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Without blanks at the ends, and with runs of them as one space.
void append_header_value(std::string& out, std::string_view value) {
    std::size_t const start = out.size();
    bool gap = false;
    for (char const c : value) {
        if (is_blank(c)) {
            gap = true;
            continue;
        }
        if (gap && out.size() > start) out.push_back(' ');
        gap = false;
        out.push_back(c);
    }
}

// RFC 3986 section 5.2.4, and empty segments go too; a slash at the end stays.
std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    bool slash_at_end = false;
    while (!path.empty()) {
        auto const end = path.find('/');
        auto const segment = path.substr(0, end);
        slash_at_end = end != std::string_view::npos;
        path = slash_at_end ? path.substr(end + 1) : std::string_view{};
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (segment == "." || segment == "..") slash_at_end = true;
        if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
    }
    std::string out;
    for (auto const segment : kept) {
        out.push_back('/');
        out.append(segment);
    }
    if (slash_at_end || out.empty()) out.push_back('/');
    return out;
}

template <typename Visit>
void for_each_signed_header(std::string_view signed_headers, Visit&& visit) {
    while (!signed_headers.empty()) {
        auto const end = signed_headers.find(';');
        visit(signed_headers.substr(0, end));
        if (end == std::string_view::npos) return;
        signed_headers.remove_prefix(end + 1);
    }
}

// Hop-by-hop headers and those that proxies change.
bool is_left_unsigned(std::string_view name) {
    constexpr std::string_view kUnsigned[] = {
        "authorization", "connection",        "expect",
        "user-agent",    "transfer-encoding", "x-amzn-trace-id"};
    return std::ranges::any_of(kUnsigned, [&](auto n) { return same_header_name(n, name); });
}

std::string signed_header_list(HttpRequest const& request) {
    std::vector<std::string> names;
    for (auto const& field : request.headers.fields()) {
        if (is_left_unsigned(field.name)) continue;
        auto& name = names.emplace_back(field.name);
        std::ranges::transform(name, name.begin(), lower);
    }
    std::ranges::sort(names);
    auto const repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    std::string list;
    for (auto const& name : names) {
        if (!list.empty()) list.push_back(';');
        list += name;
    }
    return list;
}

std::string scope_text(Scope const& scope) {
    std::string text;
    text.reserve(scope.date.size() + scope.region.size() + scope.service.size() + 16);
    text.append(scope.date).append("/").append(scope.region).append("/").append(scope.service);
    return text.append("/aws4_request");
}

std::string signature_of(HttpRequest const& request, std::string_view signed_headers,
                         std::string_view payload_hash, std::string_view amz_date,
                         Scope const& scope, std::string_view secret, PathRules rules) {
    auto const canonical = canonical_request(request, signed_headers, payload_hash, rules);
    auto const key = signing_key(secret, scope);
    return to_hex(crypto::as_bytes(
        crypto::hmac_sha256(crypto::as_bytes(key), string_to_sign(amz_date, scope, canonical))));
}

}  // namespace

std::string canonical_path(std::string_view path, PathRules rules) {
    std::string const resolved =
        rules.normalize ? without_dot_segments(path) : std::string(path.empty() ? "/" : path);
    // The client encodes the path it has already put on the request line once more.
    return rules.double_encode ? percent_encoded(resolved, Slash::kKeep)
                               : percent_encoded(percent_decoded(resolved), Slash::kKeep);
}

std::string canonical_query(std::string_view query) {
    if (query.empty()) return {};
    std::vector<std::pair<std::string, std::string>> pairs;
    for (auto const& [name, value] : split_query(query)) {
        auto decoded = percent_decoded(name);
        if (decoded == "X-Amz-Signature") continue;
        pairs.emplace_back(percent_encoded(decoded), percent_encoded(percent_decoded(value)));
    }
    std::ranges::sort(pairs);
    std::string out;
    out.reserve(query.size() + 16);
    for (auto const& [name, value] : pairs) {
        if (!out.empty()) out.push_back('&');
        out.append(name).append("=").append(value);
    }
    return out;
}

std::string canonical_request(HttpRequest const& request, std::string_view signed_headers,
                              std::string_view payload_hash, PathRules rules) {
    std::string out;
    out.reserve(512 + request.target.size());
    out.append(request.method).push_back('\n');
    out.append(canonical_path(request.path(), rules)).push_back('\n');
    out.append(canonical_query(request.query())).push_back('\n');
    for_each_signed_header(signed_headers, [&](std::string_view name) {
        out.append(name).push_back(':');
        bool first = true;
        for (auto const& field : request.headers.fields()) {
            if (!same_header_name(field.name, name)) continue;
            if (!first) out.push_back(',');
            first = false;
            append_header_value(out, field.value);
        }
        out.push_back('\n');
    });
    out.push_back('\n');
    out.append(signed_headers).push_back('\n');
    out.append(payload_hash);
    return out;
}

std::string string_to_sign(std::string_view amz_date, Scope const& scope,
                           std::string_view canonical) {
    std::string out;
    out.reserve(192);
    out.append(kAlgorithm).append("\n").append(amz_date).append("\n");
    out.append(scope_text(scope)).append("\n");
    return out.append(crypto::sha256_hex(canonical));
}

crypto::Sha256Digest signing_key(std::string_view secret_access_key, Scope const& scope) {
    using crypto::as_bytes;
    using crypto::hmac_sha256;
    auto const date = hmac_sha256(std::string("AWS4").append(secret_access_key), scope.date);
    auto const region = hmac_sha256(as_bytes(date), scope.region);
    auto const service = hmac_sha256(as_bytes(region), scope.service);
    return hmac_sha256(as_bytes(service), "aws4_request");
}

void sign_request(HttpRequest& request, Credentials const& credentials,
                  SigningOptions const& options) {
    std::string const amz_date = format_amz_date(options.time);
    Scope const scope{std::string_view(amz_date).substr(0, 8), options.region, options.service};
    std::string const payload_hash = crypto::sha256_hex(request.body);

    request.headers.set("X-Amz-Date", amz_date);
    if (options.sign_body_header) request.headers.set("x-amz-content-sha256", payload_hash);
    bool const has_token = !credentials.session_token.empty();
    if (has_token && !options.omit_session_token) {
        request.headers.set("X-Amz-Security-Token", credentials.session_token);
    }
    auto const signed_headers = signed_header_list(request);
    auto const signature = signature_of(request, signed_headers, payload_hash, amz_date, scope,
                                        credentials.secret_access_key, options.path_rules);
    if (has_token && options.omit_session_token) {
        request.headers.set("X-Amz-Security-Token", credentials.session_token);
    }
    std::string header(kAlgorithm);
    header.append(" Credential=")
        .append(credentials.access_key_id)
        .append("/")
        .append(scope_text(scope));
    header.append(", SignedHeaders=")
        .append(signed_headers)
        .append(", Signature=")
        .append(signature);
    request.headers.set("Authorization", std::move(header));
}

std::string presigned_target(HttpRequest const& request, Credentials const& credentials,
                             SigningOptions const& options, std::chrono::seconds lifetime,
                             std::string_view payload_hash) {
    std::string const amz_date = format_amz_date(options.time);
    Scope const scope{std::string_view(amz_date).substr(0, 8), options.region, options.service};
    auto const signed_headers = signed_header_list(request);

    HttpRequest presigned;
    presigned.method = request.method;
    presigned.target = request.target;
    presigned.headers = request.headers;
    std::string& target = presigned.target;
    auto const add = [&](std::string_view name, std::string_view value) {
        target.push_back(target.find('?') == std::string::npos ? '?' : '&');
        target.append(name).append("=");
        append_percent_encoded(target, value);
    };
    add("X-Amz-Algorithm", kAlgorithm);
    add("X-Amz-Credential", credentials.access_key_id + "/" + scope_text(scope));
    add("X-Amz-Date", amz_date);
    add("X-Amz-SignedHeaders", signed_headers);
    add("X-Amz-Expires", std::to_string(lifetime.count()));
    bool const has_token = !credentials.session_token.empty();
    if (has_token && !options.omit_session_token)
        add("X-Amz-Security-Token", credentials.session_token);
    auto const signature = signature_of(presigned, signed_headers, payload_hash, amz_date, scope,
                                        credentials.secret_access_key, options.path_rules);
    if (has_token && options.omit_session_token)
        add("X-Amz-Security-Token", credentials.session_token);
    add("X-Amz-Signature", signature);
    return std::move(target);
}

}  // namespace meridian::wire::sigv4
