#include "sandbox/jailer_connection.h"

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>

namespace meridian::sandbox {

namespace asio = boost::asio;

namespace {

// A bug ends the program; an Error of background work has been dealt with where it arose.
void rethrow(std::exception_ptr exception, Result<void> const&) {
    if (exception) std::rethrow_exception(exception);
}

Error jailer_gone() { return {Errc::kUnavailable, "meridian-jailer is gone", {}}; }

}  // namespace

PacketSocket::PacketSocket(asio::any_io_executor const& executor, io::UniqueFd socket)
    : descriptor_(executor, socket.release()) {
    descriptor_.non_blocking(true);
}

io::Task<Packet> PacketSocket::receive(std::shared_ptr<PacketSocket> self) {
    while (self->descriptor_.is_open()) {
        MERIDIAN_CO_TRY(auto packet, receive_packet(self->descriptor_.native_handle()));
        if (packet) co_return std::move(*packet);
        auto const [error] = co_await self->descriptor_.async_wait(
            asio::posix::descriptor_base::wait_read, io::kNoThrow);
        if (error == asio::error::operation_aborted) break;
    }
    co_return fail(Errc::kCancelled, "cancelled");
}

io::Task<> PacketSocket::send(std::shared_ptr<PacketSocket> self, std::vector<std::byte> bytes,
                              std::vector<io::UniqueFd> descriptors) {
    std::vector<int> numbers;
    numbers.reserve(descriptors.size());
    for (auto const& descriptor : descriptors) numbers.push_back(descriptor.get());
    while (self->descriptor_.is_open()) {
        MERIDIAN_CO_TRY(bool const sent,
                        send_packet(self->descriptor_.native_handle(), bytes, numbers));
        if (sent) co_return Result<void>{};
        auto const [error] = co_await self->descriptor_.async_wait(
            asio::posix::descriptor_base::wait_write, io::kNoThrow);
        if (error == asio::error::operation_aborted) break;
    }
    co_return fail(Errc::kCancelled, "cancelled");
}

Result<bool> PacketSocket::try_send(std::span<std::byte const> bytes) {
    if (!descriptor_.is_open()) return fail(Errc::kUnavailable, "the socket is closed");
    return send_packet(descriptor_.native_handle(), bytes);
}

void PacketSocket::close() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

JailerConnection::JailerConnection(asio::any_io_executor executor, io::UniqueFd peer)
    : executor_(std::move(executor)),
      socket_(std::make_shared<PacketSocket>(executor_, std::move(peer))) {}

io::Task<> JailerConnection::open(std::shared_ptr<JailerConnection> self) {
    MERIDIAN_CO_TRY(auto hello, protocol::encode(protocol::Hello{.header = {}}));
    MERIDIAN_CO_CHECK(co_await PacketSocket::send(self->socket_, std::move(hello), {}));
    MERIDIAN_CO_TRY(auto packet, co_await PacketSocket::receive(self->socket_));
    MERIDIAN_CO_TRY(auto reply, protocol::decode<protocol::HelloReply>(packet.bytes));
    self->hello_ = reply.fixed;
    asio::co_spawn(self->executor_, read_answers(self), rethrow);
    co_return Result<void>{};
}

io::Task<JailerConnection::Answer> JailerConnection::create(std::shared_ptr<JailerConnection> self,
                                                            protocol::Create request,
                                                            std::vector<std::string> strings,
                                                            std::vector<io::UniqueFd> mounts) {
    if (self->gone_) co_return std::unexpected(jailer_gone());
    std::uint64_t const number = self->next_request_++;
    request.request = number;
    MERIDIAN_CO_TRY(auto bytes, protocol::encode(request, strings));
    auto& answer = self->waiting_[number];  // a map's elements stay where they are
    auto const sent =
        co_await PacketSocket::send(self->socket_, std::move(bytes), std::move(mounts));
    if (!sent) {
        self->waiting_.erase(number);
        co_return std::unexpected(sent.error());
    }
    auto result = co_await answer.wait();
    // After a cancellation: the answer finds no waiter, and its sandbox is destroyed.
    self->waiting_.erase(number);
    co_return result;
}

void JailerConnection::destroy(std::uint64_t sandbox) {
    if (gone_) return;
    auto const bytes = protocol::encode(protocol::Destroy{.header = {}, .sandbox = sandbox});
    auto const sent = bytes ? socket_->try_send(*bytes) : std::unexpected(bytes.error());
    if (sent && !*sent) {
        asio::co_spawn(executor_, send_destroy(shared_from_this(), sandbox), rethrow);
    }
}

io::Task<> JailerConnection::send_destroy(std::shared_ptr<JailerConnection> self,
                                          std::uint64_t sandbox) {
    MERIDIAN_CO_TRY(auto bytes,
                    protocol::encode(protocol::Destroy{.header = {}, .sandbox = sandbox}));
    co_return co_await PacketSocket::send(self->socket_, std::move(bytes), {});
}

io::Task<> JailerConnection::read_answers(std::shared_ptr<JailerConnection> self) {
    while (true) {
        auto packet = co_await PacketSocket::receive(self->socket_);
        auto const taken =
            packet ? self->take_answer(std::move(*packet)) : std::unexpected(packet.error());
        if (taken) continue;
        self->gone_ = true;
        self->socket_->close();
        bool const closed_by_us = taken.error().code == Errc::kCancelled;
        self->fail_all(closed_by_us ? taken.error() : jailer_gone());
        co_return taken;
    }
}

Result<void> JailerConnection::take_answer(Packet packet) {
    MERIDIAN_TRY(auto type, protocol::type_of(packet.bytes));
    if (type == protocol::Type::kRefused) {
        MERIDIAN_TRY(auto refused, protocol::decode<protocol::Refused>(packet.bytes));
        auto const code = refused.fixed.reason == protocol::Refused::kNoSlot ? Errc::kUnavailable
                          : refused.fixed.reason == protocol::Refused::kInvalid
                              ? Errc::kInvalidParameterValue
                              : Errc::kIo;
        auto const waiter = waiting_.find(refused.fixed.request);
        if (waiter != waiting_.end()) {
            waiter->second.set(fail(code, std::string(refused.strings[0])));
        }
        return {};
    }
    MERIDIAN_TRY(auto created, protocol::decode<protocol::Created>(packet.bytes));
    auto const waiter = waiting_.find(created.fixed.request);
    if (waiter == waiting_.end() || waiter->second.is_set()) {
        destroy(created.fixed.sandbox);
    } else {
        waiter->second.set(Answer{created.fixed, std::move(packet.descriptors)});
    }
    return {};
}

void JailerConnection::fail_all(Error const& error) {
    for (auto& [number, waiter] : waiting_) waiter.set(std::unexpected(error));
}

void JailerConnection::close() { socket_->close(); }

}  // namespace meridian::sandbox
