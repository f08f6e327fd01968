// Tunnels over loopback, to a server that sends back what it gets.

#include "io/connect_proxy.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

class ConnectProxyTest : public testing::Test {
  protected:
    ConnectProxyTest() {
        echo.listen();
        asio::co_spawn(context, serve_echo(), asio::detached);
    }

    asio::awaitable<void> serve_echo() {
        for (;;) {
            auto [error, peer] = co_await echo.async_accept(kNoThrow);
            if (error) co_return;
            ++connections;
            asio::co_spawn(
                context,
                [](tcp::socket socket) -> asio::awaitable<void> {
                    std::string bytes(1000, '\0');
                    for (;;) {
                        auto const [gone, n] =
                            co_await socket.async_read_some(asio::buffer(bytes), kNoThrow);
                        if (gone) co_return;
                        co_await asio::async_write(socket, asio::buffer(bytes.data(), n), kNoThrow);
                    }
                }(std::move(peer)),
                asio::detached);
        }
    }

    void start(ConnectProxyOptions options) {
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        acceptor.listen();
        port = acceptor.local_endpoint().port();
        if (!options.is_named) options.is_named = [](auto const&) { return true; };
        if (!options.is_allowed) options.is_allowed = [](auto const&, auto const&) { return true; };
        options.refused = [this](std::string const& why) { refused += why + "\n"; };
        if (options.connections_max == 0) options.connections_max = 4;
        if (options.bytes_max == 0) options.bytes_max = 100'000;
        options.connect_timeout = 10s;
        if (options.idle_timeout == 0ms) options.idle_timeout = 10s;
        auto made = ConnectProxy::serve(context.get_executor(), UniqueFd(acceptor.release()),
                                        std::move(options));
        ASSERT_TRUE(made);
        proxy = std::move(*made);
    }

    // Sends `request`, and reads until there are `length` bytes or the end.
    asio::awaitable<std::string> exchange(std::string request, std::size_t length) {
        tcp::socket socket(context);
        co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, kNoThrow);
        co_await asio::async_write(socket, asio::buffer(request), kNoThrow);
        std::string out(length, '\0');
        auto const [error, n] = co_await asio::async_read(socket, asio::buffer(out), kNoThrow);
        out.resize(n);
        co_return out;
    }
    std::string ask(std::string request, std::size_t length = 10'000) {
        std::string out;
        asio::co_spawn(context, exchange(std::move(request), length),
                       [&](std::exception_ptr, std::string answer) {
                           out = std::move(answer);
                           context.stop();
                       });
        context.restart();
        context.run();
        return out;
    }
    std::string connect_line(std::string const& host) {
        return fmt::format("CONNECT {}:{} HTTP/1.1\r\n\r\n", host, echo.local_endpoint().port());
    }

    asio::io_context context{1};
    tcp::acceptor echo{context, {asio::ip::address_v4::loopback(), 0}};
    int connections = 0;
    std::uint16_t port = 0;
    std::string refused;
    std::unique_ptr<ConnectProxy> proxy;
};

constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

TEST_F(ConnectProxyTest, CarriesBytesBothWays) {
    start({});
    auto const said = std::string(5'000, 'x') + "end";
    auto const answer = ask(connect_line("127.0.0.1") + said, kEstablished.size() + said.size());
    EXPECT_EQ(answer, std::string(kEstablished) + said);
    EXPECT_EQ(refused, "");
}

TEST_F(ConnectProxyTest, RefusesHostsThatAreNotNamed) {
    start({.is_named = [](ConnectTarget const& target) { return target.host == "pypi.org"; }});
    EXPECT_TRUE(ask(connect_line("127.0.0.1")).starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(refused.contains("127.0.0.1")) << refused;
    EXPECT_EQ(connections, 0);
}

TEST_F(ConnectProxyTest, RefusesAddressesWhateverTheirName) {
    start({.is_allowed = [](auto const&, auto const& address) { return !address.is_loopback(); }});
    EXPECT_TRUE(ask(connect_line("localhost")).starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(refused.contains("no address that builds may reach")) << refused;
    EXPECT_EQ(connections, 0);
}

TEST_F(ConnectProxyTest, AnswersWhatIsNoConnect) {
    start({});
    EXPECT_TRUE(ask("GET http://127.0.0.1/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
    EXPECT_EQ(ask(std::string(20'000, 'x')), "");  // a head without end
    EXPECT_EQ(connections, 0);
}

TEST_F(ConnectProxyTest, SaysThatNobodyIsThere) {
    start({});
    echo.close();
    tcp::socket closed(context,
                       {asio::ip::address_v4::loopback(), 0});  // bound; it does not listen
    auto const line =
        fmt::format("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\n", closed.local_endpoint().port());
    EXPECT_TRUE(ask(line).starts_with("HTTP/1.1 502 "));
}

TEST_F(ConnectProxyTest, CarriesOnlySoManyBytes) {
    start({.bytes_max = 3'000});
    auto const answer = ask(connect_line("127.0.0.1") + std::string(10'000, 'x'));
    EXPECT_LT(answer.size(), kEstablished.size() + 3'001);
    EXPECT_TRUE(refused.contains("3000 bytes")) << refused;
}

TEST_F(ConnectProxyTest, EndsTunnelsInWhichNothingMoves) {
    start({.idle_timeout = 50ms});
    EXPECT_EQ(ask(connect_line("127.0.0.1")), kEstablished);
}

TEST_F(ConnectProxyTest, ItsEndIsThatOfItsTunnels) {
    start({});
    std::string out = "nothing";
    asio::co_spawn(context, exchange(connect_line("127.0.0.1") + "x", 10'000),
                   [&](std::exception_ptr, std::string answer) {
                       out = std::move(answer);
                       context.stop();
                   });
    while (connections == 0) context.run_one();
    proxy.reset();
    context.run();
    EXPECT_TRUE(out.empty() || out.starts_with(kEstablished)) << out;
}

}  // namespace
}  // namespace meridian::io
