#include "io/connect_proxy.h"

#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "io/deadline.h"
#include "io/one_shot.h"

namespace meridian::io {

using asio::ip::tcp;

namespace {

constexpr std::size_t kHeadBytesMax = 8UL * 1024;
constexpr std::size_t kPieceBytes = 64UL * 1024;

struct Tunnel {
    explicit Tunnel(asio::any_io_executor const& executor)
        : client(executor), host(executor), idle(executor, [this] { close(); }) {}

    tcp::socket client;
    tcp::socket host;
    Deadline idle;
    std::string early;  // what the client sent with its head

    void close() {
        boost::system::error_code ignored;
        client.close(ignored);
        host.close(ignored);
    }
};
using TunnelPtr = std::shared_ptr<Tunnel>;

}  // namespace

struct ConnectProxy::State {
    State(asio::any_io_executor const& e, ConnectProxyOptions o)
        : executor(e), acceptor(e), options(std::move(o)) {}

    asio::any_io_executor executor;
    tcp::acceptor acceptor;
    ConnectProxyOptions options;
    std::set<TunnelPtr> tunnels;
    std::uint64_t bytes = 0;
    bool stopped = false;

    static asio::awaitable<void> accept(std::shared_ptr<State> self);
    static asio::awaitable<void> serve(std::shared_ptr<State> self, TunnelPtr tunnel);
    // Nothing, or why there is no tunnel.
    static Task<> open(State& self, Tunnel& tunnel);
    static Task<> connect(State& self, Tunnel& tunnel, ConnectTarget target);
    static asio::awaitable<void> copy(std::shared_ptr<State> self, TunnelPtr tunnel,
                                      tcp::socket& from, tcp::socket& to);
};

asio::awaitable<void> ConnectProxy::State::accept(std::shared_ptr<State> self) {
    while (!self->stopped) {
        auto const tunnel = std::make_shared<Tunnel>(self->executor);
        auto const [error] = co_await self->acceptor.async_accept(tunnel->client, kNoThrow);
        if (self->stopped) co_return;
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
            co_return;
        if (error || self->tunnels.size() >= self->options.connections_max) continue;
        self->tunnels.insert(tunnel);
        // SAFETY: detached, but it waits without throwing and ends with the sockets that are closed
        // when the proxy goes; what it refers to it shares.
        asio::co_spawn(self->executor, serve(self, tunnel), asio::detached);
    }
}

asio::awaitable<void> ConnectProxy::State::serve(std::shared_ptr<State> self, TunnelPtr tunnel) {
    tunnel->idle.set(self->options.idle_timeout);
    auto const opened = co_await open(*self, *tunnel);
    if (!self->stopped && !opened && opened.error().code != Errc::kCancelled) {
        if (self->options.refused) self->options.refused(opened.error().message);
        auto const body = opened.error().message + "\n";
        auto const answer = fmt::format(
            "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: "
            "close\r\n\r\n{}",
            opened.error().code == Errc::kUnavailable ? "502 Bad Gateway" : "403 Forbidden",
            body.size(), body);
        co_await asio::async_write(tunnel->client, asio::buffer(answer), kNoThrow);
    }
    if (!self->stopped && opened) {
        auto const up = std::make_shared<OneShot<bool>>();
        asio::co_spawn(self->executor, copy(self, tunnel, tunnel->client, tunnel->host),
                       [up](std::exception_ptr) { up->set(true); });
        co_await copy(self, tunnel, tunnel->host, tunnel->client);
        (void)co_await up->wait();
    }
    tunnel->close();
    self->tunnels.erase(tunnel);
}

Task<> ConnectProxy::State::open(State& self, Tunnel& tunnel) {
    std::string head;
    auto const [error, length] = co_await asio::async_read_until(
        tunnel.client, asio::dynamic_buffer(head, kHeadBytesMax), "\r\n\r\n", kNoThrow);
    if (error) co_return fail(Errc::kCancelled, "it went away");
    auto target = parse_connect(std::string_view(head).substr(0, length));
    if (!target) co_return std::unexpected(target.error());
    tunnel.early = head.substr(length);
    if (!self.options.is_named(*target)) {
        co_return fail(Errc::kAccessDenied,
                       fmt::format("{}:{} is none of the registries that this region's operator "
                                   "lets builds reach",
                                   target->host, target->port));
    }
    MERIDIAN_CO_CHECK(co_await connect(self, tunnel, std::move(*target)));
    constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
    auto const [write_error, written] =
        co_await asio::async_write(tunnel.client, asio::buffer(kEstablished), kNoThrow);
    if (write_error) co_return fail(Errc::kCancelled, "it went away");
    if (!tunnel.early.empty()) {
        self.bytes += tunnel.early.size();
        auto const [early_error, sent] =
            co_await asio::async_write(tunnel.host, asio::buffer(tunnel.early), kNoThrow);
        if (early_error) co_return fail(Errc::kCancelled, "it went away");
    }
    co_return Result<void>{};
}

Task<> ConnectProxy::State::connect(State& self, Tunnel& tunnel, ConnectTarget target) {
    tcp::resolver resolver(self.executor);
    auto const [error, found] =
        co_await resolver.async_resolve(target.host, std::to_string(target.port), kNoThrow);
    // A look-up does not end with the sockets.
    if (self.stopped) co_return fail(Errc::kCancelled, "the proxy is gone");
    if (error)
        co_return fail(Errc::kUnavailable, fmt::format("{}: {}", target.host, error.message()));
    // The addresses that were looked at are those that are connected to: a second look-up could say
    // something else.
    std::vector<tcp::endpoint> allowed;
    for (auto const& entry : found) {
        if (self.options.is_allowed(target, entry.endpoint().address()))
            allowed.push_back(entry.endpoint());
    }
    if (allowed.empty()) {
        co_return fail(Errc::kAccessDenied,
                       fmt::format("{} has no address that builds may reach: it is one of this "
                                   "machine or of a private network",
                                   target.host));
    }
    tunnel.idle.set(self.options.connect_timeout);
    auto const [connect_error, endpoint] =
        co_await asio::async_connect(tunnel.host, allowed, kNoThrow);
    if (connect_error) {
        co_return fail(Errc::kUnavailable, fmt::format("cannot connect to {}:{}: {}", target.host,
                                                       target.port, connect_error.message()));
    }
    tunnel.idle.set(self.options.idle_timeout);
    boost::system::error_code ignored;
    tunnel.host.set_option(tcp::no_delay(true), ignored);
    co_return Result<void>{};
}

asio::awaitable<void> ConnectProxy::State::copy(std::shared_ptr<State> self, TunnelPtr tunnel,
                                                tcp::socket& from, tcp::socket& to) {
    std::string piece(kPieceBytes, '\0');
    for (;;) {
        auto const [error, length] = co_await from.async_read_some(asio::buffer(piece), kNoThrow);
        if (error) break;
        self->bytes += length;
        if (self->bytes > self->options.bytes_max) {
            if (!self->stopped && self->options.refused) {
                self->options.refused(fmt::format("more than {} bytes to and from registries",
                                                  self->options.bytes_max));
            }
            tunnel->close();
            co_return;
        }
        tunnel->idle.set(self->options.idle_timeout);
        auto const [write_error, written] =
            co_await asio::async_write(to, asio::buffer(piece.data(), length), kNoThrow);
        if (write_error) break;
    }
    // The other way may go on: half of a connection.
    boost::system::error_code ignored;
    to.shutdown(tcp::socket::shutdown_send, ignored);
}

Result<std::unique_ptr<ConnectProxy>> ConnectProxy::serve(asio::any_io_executor const& executor,
                                                          UniqueFd listener,
                                                          ConnectProxyOptions options) {
    auto state = std::make_shared<State>(executor, std::move(options));
    boost::system::error_code error;
    state->acceptor.assign(tcp::v4(), listener.get(), error);
    if (error)
        return fail(Errc::kIo, fmt::format("cannot serve builds a proxy: {}", error.message()));
    (void)listener.release();
    // SAFETY: as of tunnels, with the acceptor in place of their sockets.
    asio::co_spawn(executor, State::accept(state), asio::detached);
    return std::unique_ptr<ConnectProxy>(new ConnectProxy(std::move(state)));
}

ConnectProxy::~ConnectProxy() {
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (auto const& tunnel : state_->tunnels) tunnel->close();
    // Callbacks may refer to what goes now.
    state_->options.refused = nullptr;
}

}  // namespace meridian::io
