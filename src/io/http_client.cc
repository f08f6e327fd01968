#include "io/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace meridian::io {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

struct HttpClient::State {
    asio::any_io_executor executor;
    HttpEndpoint endpoint;
    std::unique_ptr<beast::tcp_stream> stream;
    beast::flat_buffer buffer;
};

HttpClient::HttpClient(asio::any_io_executor executor, HttpEndpoint endpoint)
    : state_(std::make_unique<State>(State{.executor = std::move(executor),
                                           .endpoint = std::move(endpoint),
                                           .stream = {},
                                           .buffer = {}})) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Task<HttpResponse> HttpClient::send(HttpRequest request, std::chrono::milliseconds timeout,
                                    std::size_t body_bytes_max) {
    auto& endpoint = state_->endpoint;
    auto const failed = [&](boost::system::error_code const& error) {
        state_->stream.reset();
        state_->buffer.clear();
        if (error == beast::error::timeout) {
            return fail(Errc::kDeadlineExceeded,
                        fmt::format("{}:{} did not answer in {} ms", endpoint.host, endpoint.port,
                                    timeout.count()));
        }
        return fail(Errc::kIo,
                    fmt::format("{}:{}: {}", endpoint.host, endpoint.port, error.message()));
    };

    if (!state_->stream) {
        tcp::resolver resolver(state_->executor);
        auto [resolve_error, addresses] =
            co_await resolver.async_resolve(endpoint.host, endpoint.port, kNoThrow);
        if (resolve_error) {
            co_return fail(Errc::kUnavailable,
                           fmt::format("{}: {}", endpoint.host, resolve_error.message()));
        }
        auto stream = std::make_unique<beast::tcp_stream>(state_->executor);
        stream->expires_after(timeout);
        auto [error, connected] = co_await stream->async_connect(addresses, kNoThrow);
        if (error) {
            co_return fail(Errc::kUnavailable,
                           fmt::format("cannot connect to {}:{}: {}", endpoint.host, endpoint.port,
                                       error.message()));
        }
        stream->socket().set_option(tcp::no_delay(true));
        state_->stream = std::move(stream);
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
    state_->stream->expires_after(timeout);
    {
        auto [error, bytes] = co_await asio::async_write(*state_->stream, buffers, kNoThrow);
        if (error) co_return failed(error);
    }
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    {
        auto [error, bytes] =
            co_await http::async_read(*state_->stream, state_->buffer, parser, kNoThrow);
        if (error) co_return failed(error);
    }
    auto message = parser.release();
    HttpResponse response;
    response.status = message.result_int();
    for (auto const& field : message) {
        response.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    response.close = !message.keep_alive();
    response.body = std::move(message.body());
    if (response.close) {
        state_->stream.reset();
        state_->buffer.clear();
    }
    co_return response;
}

}  // namespace meridian::io
