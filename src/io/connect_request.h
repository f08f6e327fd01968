#pragma once
// The head of an HTTP CONNECT request (RFC 9110, 9.3.6): where a client wants a tunnel to. Pure;
// any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meridian::io {

struct ConnectTarget {
    std::string host;  // in lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;

    bool operator==(ConnectTarget const&) const = default;
};

// `head` ends with its empty line. kInvalidParameterValue for what is no CONNECT.
[[nodiscard]] Result<ConnectTarget> parse_connect(std::string_view head);

// "host:port" as CONNECT has it: the port is needed. Nothing else.
[[nodiscard]] Result<ConnectTarget> parse_authority(std::string_view text);

}  // namespace meridian::io
