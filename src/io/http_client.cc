#include "io/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

#include "io/tls_roots.h"

namespace meridian::io {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Parser = http::response_parser<http::string_body>;

// One of the two streams is there, or none: not connected.
struct HttpClient::State {
    asio::any_io_executor executor;
    HttpEndpoint endpoint;
    std::unique_ptr<beast::tcp_stream> stream = {};
    std::unique_ptr<TlsStream> tls_stream = {};
    beast::flat_buffer buffer = {};

    void close() {
        stream.reset();
        tls_stream.reset();
        buffer.clear();
    }
};

namespace {

asio::awaitable<boost::system::error_code> connect(beast::tcp_stream& stream,
                                                   tcp::resolver::results_type addresses,
                                                   std::chrono::milliseconds timeout) {
    stream.expires_after(timeout);
    auto [error, connected] = co_await stream.async_connect(addresses, kNoThrow);
    if (!error) stream.socket().set_option(tcp::no_delay(true));
    co_return error;
}

asio::awaitable<boost::system::error_code> shake_hands(TlsStream& stream, std::string host) {
    // A name, for servers with several certificates.
    if (SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1)
        co_return boost::system::error_code(static_cast<int>(::ERR_get_error()),
                                            asio::error::get_ssl_category());
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kNoThrow);
    co_return error;
}

template <typename Stream>
asio::awaitable<boost::system::error_code> exchange(Stream& stream,
                                                    std::array<asio::const_buffer, 2> request,
                                                    beast::flat_buffer& buffer, Parser& parser,
                                                    std::chrono::milliseconds timeout) {
    beast::get_lowest_layer(stream).expires_after(timeout);
    auto [write_error, written] = co_await asio::async_write(stream, request, kNoThrow);
    if (write_error) co_return write_error;
    auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kNoThrow);
    co_return read_error;
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, HttpEndpoint endpoint)
    : state_(std::make_unique<State>(
          State{.executor = std::move(executor), .endpoint = std::move(endpoint)})) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Task<HttpResponse> HttpClient::send(HttpRequest request, std::chrono::milliseconds timeout,
                                    std::size_t body_bytes_max) {
    auto& endpoint = state_->endpoint;
    auto const failed = [&](boost::system::error_code const& error) {
        state_->close();
        if (error == http::error::body_limit) {
            return fail(Errc::kRequestTooLarge,
                        fmt::format("{}:{} answered more than {} bytes", endpoint.host,
                                    endpoint.port, body_bytes_max));
        }
        if (error == beast::error::timeout) {
            return fail(Errc::kDeadlineExceeded,
                        fmt::format("{}:{} did not answer in {} ms", endpoint.host, endpoint.port,
                                    timeout.count()));
        }
        return fail(Errc::kIo,
                    fmt::format("{}:{}: {}", endpoint.host, endpoint.port, error.message()));
    };

    if (!state_->stream && !state_->tls_stream) {
        tcp::resolver resolver(state_->executor);
        auto [resolve_error, addresses] =
            co_await resolver.async_resolve(endpoint.host, endpoint.port, kNoThrow);
        if (resolve_error) {
            co_return fail(Errc::kUnavailable,
                           fmt::format("{}: {}", endpoint.host, resolve_error.message()));
        }
        boost::system::error_code error;
        if (endpoint.tls) {
            state_->tls_stream =
                std::make_unique<TlsStream>(state_->executor, endpoint.tls->context());
            error = co_await connect(state_->tls_stream->next_layer(), addresses, timeout);
            if (!error) error = co_await shake_hands(*state_->tls_stream, endpoint.host);
        } else {
            state_->stream = std::make_unique<beast::tcp_stream>(state_->executor);
            error = co_await connect(*state_->stream, addresses, timeout);
        }
        if (error) {
            state_->close();
            co_return fail(Errc::kUnavailable,
                           fmt::format("cannot connect to {}:{}: {}", endpoint.host, endpoint.port,
                                       error.message()));
        }
    }

    std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    if (!request.headers.contains("host")) {
        fmt::format_to(std::back_inserter(head), "Host: {}:{}\r\n", endpoint.host, endpoint.port);
    }
    for (auto const& field : request.headers.fields()) {
        head.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    if (!request.headers.contains("content-length")) {
        fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", request.body.size());
    }
    head.append("\r\n");
    std::array<asio::const_buffer, 2> const buffers{asio::buffer(head), asio::buffer(request.body)};
    Parser parser;
    parser.body_limit(body_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    auto const error =
        state_->tls_stream
            ? co_await exchange(*state_->tls_stream, buffers, state_->buffer, parser, timeout)
            : co_await exchange(*state_->stream, buffers, state_->buffer, parser, timeout);
    if (error) co_return failed(error);
    auto message = parser.release();
    HttpResponse response;
    response.status = message.result_int();
    for (auto const& field : message) {
        response.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    response.close = !message.keep_alive();
    response.body = std::move(message.body());
    if (response.close) state_->close();
    co_return response;
}

}  // namespace meridian::io
