#include "sandbox/jailer/channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <sys/socket.h>

#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox {

namespace {

// Room for more descriptors than any message has, so that too many of them is an error that is seen
// (and all of them are closed), not a truncation.
constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * (protocol::kDescriptorsMax + 1));

void take_descriptors(msghdr& message, std::vector<io::UniqueFd>& out) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        std::size_t const count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            out.emplace_back(fd);
        }
    }
}

template <typename Call>
ssize_t until_uninterrupted(Call const& call) {
    for (;;) {
        auto const result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

// By errno.
Result<std::optional<Packet>> nothing_received() {
    if (errno == EAGAIN) return std::nullopt;
    if (errno == ECONNRESET) return fail(Errc::kUnavailable, "the peer is gone");
    return fail(Errc::kIo, std::string("recvmsg: ") + std::strerror(errno));
}

}  // namespace

Result<std::optional<Packet>> receive_packet(int socket) {
    // Room for what is there only: room for the longest message would be most of an init's memory.
    ssize_t const waiting =
        until_uninterrupted([&] { return ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC); });
    if (waiting < 0) return nothing_received();
    Packet packet;
    packet.bytes.resize(
        std::clamp<std::size_t>(static_cast<std::size_t>(waiting), 1, protocol::kMessageBytesMax));
    alignas(cmsghdr) std::array<char, kControlBytes> control;
    iovec data{.iov_base = packet.bytes.data(), .iov_len = packet.bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t const received =
        until_uninterrupted([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
    if (received < 0) return nothing_received();
    take_descriptors(message, packet.descriptors);
    if (received == 0) return fail(Errc::kUnavailable, "the peer is gone");
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        packet.descriptors.size() > protocol::kDescriptorsMax) {
        return fail(Errc::kCorrupt, "a jailer message that is too long");
    }
    packet.bytes.resize(static_cast<std::size_t>(received));
    return packet;
}

Result<bool> send_packet(int socket, std::span<std::byte const> bytes,
                         std::span<int const> descriptors) {
    if (descriptors.size() > protocol::kDescriptorsMax) {
        return fail(Errc::kInternal, "too many descriptors for one message");
    }
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    iovec data{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(c), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return true;
    if (errno == EAGAIN) return false;
    if (errno == EPIPE || errno == ECONNRESET) return fail(Errc::kUnavailable, "the peer is gone");
    return fail(Errc::kIo, std::string("sendmsg: ") + std::strerror(errno));
}

}  // namespace meridian::sandbox
