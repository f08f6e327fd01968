#pragma once
// Network namespaces, made ahead because making one costs more than the rest of a sandbox. Each has
// only its loopback interface, up, and two listening sockets already on it: the Runtime API's and
// the region's own API's. meridiand serves both without a proxy, and nothing else can be reached.
// Used once.

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::sandbox::jailer {

struct Network {
    io::UniqueFd name_space;
    // Non-blocking, on 127.0.0.1, at the ports that protocol.h names.
    io::UniqueFd runtime_api_listener;
    io::UniqueFd region_api_listener;
};

// The calling process enters a new network namespace for a moment and comes back to `home`.
[[nodiscard]] Result<Network> make_network(int home);

}  // namespace meridian::sandbox::jailer
