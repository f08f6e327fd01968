#pragma once
// Network namespaces, made ahead because making one costs more than the rest of a sandbox. Each has
// only its loopback interface, up, and the Runtime API's listening socket already on
// 127.0.0.1:9001, so that meridiand serves the function without a proxy and nothing else can be
// reached. Used once.

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::sandbox::jailer {

struct Network {
    io::UniqueFd name_space;
    io::UniqueFd listener;  // non-blocking
};

// The calling process enters a new network namespace for a moment and comes back to `home`.
[[nodiscard]] Result<Network> make_network(int home);

}  // namespace meridian::sandbox::jailer
