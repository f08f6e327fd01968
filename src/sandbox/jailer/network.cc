#include "sandbox/jailer/network.h"

#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr std::uint16_t kRuntimeApiPort = 9001;  // the port AWS_LAMBDA_RUNTIME_API names
constexpr int kBacklog = 64;

Result<Network> make_here() {
    Network network;
    network.name_space.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!network.name_space.valid()) return system_error("open /proc/self/ns/net");
    network.listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!network.listener.valid()) return system_error("socket");
    ifreq loopback{};
    std::memcpy(loopback.ifr_name, "lo", 3);
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    if (::ioctl(network.listener.get(), SIOCSIFFLAGS, &loopback) != 0) return system_error("lo up");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kRuntimeApiPort);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(network.listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) !=
            0 ||
        ::listen(network.listener.get(), kBacklog) != 0) {
        return system_error("listen on 127.0.0.1:9001");
    }
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
