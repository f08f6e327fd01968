#include "io/connect_request.h"

#include <algorithm>
#include <charconv>

namespace meridian::io {
namespace {

constexpr std::size_t kHostCharsMax = 253;  // RFC 1035, as text

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_address_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool is_host_name(std::string_view host) {
    bool const has_empty_label =
        host.starts_with('.') || host.ends_with('.') || host.contains("..");
    return std::ranges::all_of(host, is_host_character) && !has_empty_label;
}

bool is_ipv6_address(std::string_view host) {
    return std::ranges::all_of(host, is_address_character) && host.contains(':');
}

}  // namespace

Result<ConnectTarget> parse_authority(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == text.npos) return bad("a host and a port are needed");
    ConnectTarget out;
    auto const port = text.substr(colon + 1);
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0)
        return bad("the port is no number from 1 to 65535");
    auto host = text.substr(0, colon);
    bool const brackets = host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    out.host = host;
    std::ranges::transform(out.host, out.host.begin(), [](char c) {
        constexpr char kToLower = 'a' - 'A';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + kToLower) : c;
    });
    // One name, one spelling.
    if (!brackets && out.host.ends_with('.')) out.host.pop_back();
    if (out.host.empty() || out.host.size() > kHostCharsMax ||
        !(brackets ? is_ipv6_address(out.host) : is_host_name(out.host)))
        return bad("that is no host's name");
    return out;
}

Result<ConnectTarget> parse_connect(std::string_view head) {
    constexpr std::string_view kMethod = "CONNECT ";
    auto const line = head.substr(0, head.find("\r\n"));
    if (!line.starts_with(kMethod))
        return bad("only CONNECT is served here, which is how https goes through a proxy");
    auto const rest = line.substr(kMethod.size());
    auto const space = rest.find(' ');
    if (space == rest.npos || !rest.substr(space + 1).starts_with("HTTP/1."))
        return bad("that is no HTTP/1.1");
    return parse_authority(rest.substr(0, space));
}

}  // namespace meridian::io
