#include "sandbox/jailer/network.h"

#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/jailer/protocol.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr int kBacklog = 64;

Result<io::UniqueFd> make_socket() {
    io::UniqueFd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.valid()) return system_error("socket");
    return made;
}

Result<void> listen_on_loopback(int socket, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket, kBacklog) != 0) {
        return system_error("listen on the sandbox's 127.0.0.1");
    }
    return {};
}

Result<Network> make_here() {
    Network network;
    network.name_space.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!network.name_space.valid()) return system_error("open /proc/self/ns/net");
    MERIDIAN_TRY(network.runtime_api_listener, make_socket());
    MERIDIAN_TRY(network.region_api_listener, make_socket());
    ifreq loopback{};
    std::memcpy(loopback.ifr_name, "lo", 3);
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    if (::ioctl(network.runtime_api_listener.get(), SIOCSIFFLAGS, &loopback) != 0)
        return system_error("lo up");
    MERIDIAN_CHECK(
        listen_on_loopback(network.runtime_api_listener.get(), protocol::kRuntimeApiListenerPort));
    MERIDIAN_CHECK(
        listen_on_loopback(network.region_api_listener.get(), protocol::kRegionApiListenerPort));
    return network;
}

}  // namespace

Result<Network> make_network(int home) {
    if (::unshare(CLONE_NEWNET) != 0) return system_error("unshare(CLONE_NEWNET)");
    auto network = make_here();
    // The jailer itself must never stay in a sandbox's network.
    if (::setns(home, CLONE_NEWNET) != 0) std::abort();
    return network;
}

}  // namespace meridian::sandbox::jailer
