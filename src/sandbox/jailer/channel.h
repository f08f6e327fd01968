#pragma once
// One SEQPACKET datagram with the file descriptors beside it, in and out. Used at all three ends:
// meridiand (never blocking), the jailer and a sandbox's init.

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::sandbox {

struct Packet {
    std::vector<std::byte> bytes;
    std::vector<io::UniqueFd> descriptors;  // close-on-exec
};

// Errors: kUnavailable when the peer is gone; kIo; "would block" is std::nullopt or false, and
// happens on sockets that are non-blocking only.
Result<std::optional<Packet>> receive_packet(int socket);
Result<bool> send_packet(int socket, std::span<std::byte const> bytes,
                         std::span<int const> descriptors = {});

}  // namespace meridian::sandbox
