#pragma once
// The sockets behind jailer_client.h: one to the jailer, shared by all sandboxes, and one to each
// sandbox's init. Neither ever blocks the executor.
//
// Threads: belong to their executor; call there only.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "io/one_shot.h"
#include "io/task.h"
#include "io/unique_fd.h"
#include "sandbox/jailer/channel.h"
#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox {

// A non-blocking SEQPACKET socket. Held by shared_ptr, because a coroutine that waits on it may
// outlive its owner: close() then ends the wait with kCancelled.
class PacketSocket {
  public:
    PacketSocket(boost::asio::any_io_executor const& executor, io::UniqueFd socket);

    static io::Task<Packet> receive(std::shared_ptr<PacketSocket> self);
    static io::Task<> send(std::shared_ptr<PacketSocket> self, std::vector<std::byte> bytes,
                           std::vector<io::UniqueFd> descriptors);
    // False: it would block.
    [[nodiscard]] Result<bool> try_send(std::span<std::byte const> bytes);
    void close();

  private:
    boost::asio::posix::stream_descriptor descriptor_;
};

class JailerConnection : public std::enable_shared_from_this<JailerConnection> {
  public:
    JailerConnection(boost::asio::any_io_executor executor, io::UniqueFd peer);

    // Says hello; from then on answers are taken as they come.
    static io::Task<> open(std::shared_ptr<JailerConnection> self);
    // What a Create is answered with.
    struct Answer {
        protocol::Created created;
        std::vector<io::UniqueFd> descriptors;
    };
    static io::Task<Answer> create(std::shared_ptr<JailerConnection> self, protocol::Create request,
                                   std::vector<std::string> strings,
                                   std::vector<io::UniqueFd> mounts);
    // At once if the socket has room, else as soon as it has.
    void destroy(std::uint64_t sandbox);
    // Every pending call fails with kCancelled, or kUnavailable when the jailer was the one to go.
    void close();

    [[nodiscard]] protocol::HelloReply const& hello() const { return hello_; }
    [[nodiscard]] boost::asio::any_io_executor executor() const { return executor_; }

  private:
    static io::Task<> read_answers(std::shared_ptr<JailerConnection> self);
    static io::Task<> send_destroy(std::shared_ptr<JailerConnection> self, std::uint64_t sandbox);
    [[nodiscard]] Result<void> take_answer(Packet packet);
    void fail_all(Error const& error);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<PacketSocket> socket_;
    protocol::HelloReply hello_{};
    std::uint64_t next_request_ = 1;
    std::map<std::uint64_t, io::OneShot<Answer>> waiting_;
    bool gone_ = false;
};

}  // namespace meridian::sandbox
