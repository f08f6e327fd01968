#pragma once
// Serves HTTP's CONNECT on a listening socket: tunnels to the hosts that its owner lets through,
// and to nothing else. It sees no content: TLS ends at the host.
//
// Threads: belongs to its executor; the callbacks run there.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/ip/address.hpp>

#include "io/connect_request.h"
#include "io/task.h"
#include "io/unique_fd.h"

namespace meridian::io {

struct ConnectProxyOptions {
    // Before the name is looked up, and for each address that it has: names lie.
    std::function<bool(ConnectTarget const&)> is_named;
    std::function<bool(ConnectTarget const&, asio::ip::address const&)> is_allowed;
    // Why a client got no tunnel, for whoever reads about it. May be empty.
    std::function<void(std::string)> refused = {};
    std::size_t connections_max = 0;
    std::uint64_t bytes_max = 0;  // of all tunnels together, both ways; beyond it they end
    std::chrono::milliseconds connect_timeout{0};
    std::chrono::milliseconds idle_timeout{0};  // of a tunnel in which nothing moves
};

class ConnectProxy {
  public:
    // `listener` listens already. kIo.
    [[nodiscard]] static Result<std::unique_ptr<ConnectProxy>> serve(
        asio::any_io_executor const& executor, UniqueFd listener, ConnectProxyOptions options);
    // Closes every tunnel; no callback runs afterwards.
    ~ConnectProxy();

  private:
    struct State;
    explicit ConnectProxy(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace meridian::io
