#include "io/http_server.h"

#include <array>
#include <list>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "io/blocking_pool.h"
#include "io/deadline.h"
#include "io/spool_file.h"

namespace meridian::io {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using RequestParser = http::request_parser<http::string_body>;

namespace {

constexpr std::size_t kHeadReadBytes = 4096;
constexpr std::size_t kBodyReadBytes = 65'536;
// What is written to a body's file at once.
constexpr std::size_t kSpoolPieceBytes = 262'144;
// Connections that are accepted before anything else has its turn.
constexpr std::size_t kAcceptedAtOnceMax = 64;
constexpr int kInsufficientStorage = 507;
constexpr unsigned kHttp10 = 10;

// Takes the bytes of a body on a thread of the pool; the memory they were in serves for the next.
Task<> keep(HttpStreaming const& how, std::optional<SpoolFile>& file, std::string& piece) {
    MERIDIAN_CO_CHECK(co_await blocking(*how.pool, [&]() -> Result<void> {
        if (!file) {
            MERIDIAN_TRY(file, SpoolFile::create(how.directory));
        }
        return file->append(piece);
    }));
    piece.clear();
    co_return Result<void>{};
}

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<State> {
    struct Connection {
        explicit Connection(tcp::socket s)
            : socket(std::move(s)), deadline(socket.get_executor(), [this] { close(); }) {
            error_code error;
            auto const peer = socket.remote_endpoint(error);
            if (!error) peer_address = peer.address().to_string();
        }

        void close() {
            error_code ignored;
            socket.shutdown(tcp::socket::shutdown_both, ignored);
            socket.cancel(ignored);
        }
        // Zero: for ever.
        void expire_after(std::chrono::milliseconds timeout) {
            if (timeout.count() > 0) {
                deadline.set(timeout);
            } else {
                deadline.cancel();
            }
        }

        tcp::socket socket;
        std::string peer_address;
        Deadline deadline;
        beast::flat_buffer buffer;  // received and not parsed
        bool busy = false;          // between a request's first byte and its response's last
    };

    State(asio::any_io_executor e, Clock const& c, Log& l, HttpServerOptions o, HttpHandler h)
        : executor(std::move(e)), clock(c), log(l), options(std::move(o)), handler(std::move(h)) {}

    asio::any_io_executor executor;
    Clock const& clock;
    Log& log;
    HttpServerOptions options;
    HttpHandler handler;

    std::vector<std::unique_ptr<tcp::acceptor>> acceptors;
    std::list<Connection> connections;
    bool stopping = false;
    std::size_t bodies_bytes = 0;  // options.bodies_bytes_max

    // The Date header, made once a second.
    std::chrono::sys_seconds date_second{};
    std::string date;

    asio::awaitable<void> accept_loop(tcp::acceptor& acceptor);
    void admit(tcp::socket socket);
    asio::awaitable<void> serve(std::list<Connection>::iterator connection);
    asio::awaitable<bool> serve_one(Connection& connection);
    asio::awaitable<error_code> feed(Connection& connection, RequestParser& parser,
                                     std::size_t bytes);
    asio::awaitable<bool> refuse(Connection& connection, int status, std::string reason);
    asio::awaitable<bool> write(Connection& connection, HttpResponse response, bool keep_alive,
                                bool head_only);
    asio::awaitable<bool> serve_streamed(Connection& connection, RequestParser& parser,
                                         HttpRequest head);
    asio::awaitable<std::optional<bool>> read_into_file(Connection& connection,
                                                        RequestParser& parser,
                                                        StreamedRequest& request);
    asio::awaitable<bool> write_streamed(Connection& connection, StreamedResponse response,
                                         bool keep_alive, unsigned version);
    asio::awaitable<bool> write_pieces(Connection& connection, BodySource& source, bool chunked);
    [[nodiscard]] std::string head_of(HttpResponse const& response);
    std::string const& date_now();

    void start(tcp::acceptor acceptor) {
        acceptor.non_blocking(true);  // accept_loop() asks whether others wait
        acceptors.push_back(std::make_unique<tcp::acceptor>(std::move(acceptor)));
        asio::co_spawn(
            executor,
            [](std::shared_ptr<State> self, tcp::acceptor& listening) -> asio::awaitable<void> {
                co_await self->accept_loop(listening);
            }(shared_from_this(), *acceptors.back()),
            [self = shared_from_this()](std::exception_ptr e) {
                if (e)
                    self->log.write(LogLevel::kError,
                                    "accepting connections ended by an exception");
            });
    }

    void close_all(bool idle_only) {
        for (auto& connection : connections) {
            if (idle_only && connection.busy) continue;
            connection.close();
        }
    }
};

namespace {

int refusal_status(error_code const& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

// A request's part of the bodies that are held, until it is answered.
class BodyClaim {
  public:
    explicit BodyClaim(std::size_t& total) : total_(total) {}
    ~BodyClaim() { total_ -= bytes_; }
    BodyClaim(BodyClaim const&) = delete;
    BodyClaim& operator=(BodyClaim const&) = delete;
    void add(std::size_t bytes) {
        bytes_ += bytes;
        total_ += bytes;
    }

  private:
    std::size_t& total_;
    std::size_t bytes_ = 0;
};

bool is_parse_error(error_code const& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

asio::awaitable<void> HttpServer::State::accept_loop(tcp::acceptor& acceptor) {
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
        if (error) {
            if (error == asio::error::operation_aborted || stopping) co_return;
            // Out of descriptors, most likely: connections that end give some back.
            log.write(LogLevel::kWarn, "cannot accept a connection", {{"error", error.message()}});
            asio::steady_timer pause(executor, std::chrono::milliseconds(50));
            co_await pause.async_wait(kNoThrow);
            continue;
        }
        admit(std::move(socket));
        // Whoever else waits: at the next turn of the executor there may be much to do before them.
        for (std::size_t more = 1; more < kAcceptedAtOnceMax; ++more) {
            auto waiting = acceptor.accept(error);
            if (error) break;
            admit(std::move(waiting));
        }
    }
}

void HttpServer::State::admit(tcp::socket socket) {
    if (connections.size() >= options.connections_max) return;  // closes `socket`
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    // write() tries at once what nearly always succeeds at once.
    socket.non_blocking(true, ignored);
    connections.emplace_front(std::move(socket));
    asio::co_spawn(
        executor,
        [](std::shared_ptr<State> self,
           std::list<Connection>::iterator connection) -> asio::awaitable<void> {
            co_await self->serve(connection);
        }(shared_from_this(), connections.begin()),
        [self = shared_from_this(), connection = connections.begin()](std::exception_ptr e) {
            self->connections.erase(connection);
            if (!e) return;
            try {
                std::rethrow_exception(e);
            } catch (std::exception const& exception) {
                self->log.write(LogLevel::kError, "a request's handler threw",
                                {{"error", exception.what()}});
            }
        });
}

asio::awaitable<void> HttpServer::State::serve(std::list<Connection>::iterator connection) {
    while (!stopping) {
        bool const again = co_await serve_one(*connection);
        connection->busy = false;
        if (!again) break;
    }
    error_code ignored;
    connection->socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// Gives the parser what is there, or what comes next, `bytes` at most: it may want more after it.
// Whoever asks sees what a step brought before the next, so that nothing grows out of its sight.
asio::awaitable<error_code> HttpServer::State::feed(Connection& connection, RequestParser& parser,
                                                    std::size_t bytes) {
    auto& buffer = connection.buffer;
    for (;;) {
        error_code error = http::error::need_more;
        std::size_t taken = 0;
        if (buffer.size() > 0) taken = parser.put(buffer.data(), error);
        buffer.consume(taken);
        if (error != http::error::need_more) co_return error;
        if (taken > 0) co_return error_code{};
        auto const [failed, received] =
            co_await connection.socket.async_read_some(buffer.prepare(bytes), kNoThrow);
        if (failed) co_return failed;
        buffer.commit(received);
    }
}

// Reads and answers one request. False when the connection is to end.
asio::awaitable<bool> HttpServer::State::serve_one(Connection& connection) {
    auto& buffer = connection.buffer;
    if (buffer.size() == 0) {
        connection.expire_after(options.idle_timeout);
        auto [error, bytes] =
            co_await connection.socket.async_read_some(buffer.prepare(kHeadReadBytes), kNoThrow);
        if (error) co_return false;
        buffer.commit(bytes);
    }
    connection.busy = true;

    RequestParser parser;
    parser.header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    parser.body_limit(boost::none);
    connection.expire_after(options.head_timeout);
    while (!parser.is_header_done()) {
        auto const error = co_await feed(connection, parser, kHeadReadBytes);
        if (!error) continue;
        if (!is_parse_error(error)) co_return false;
        co_return co_await refuse(connection, refusal_status(error), error.message());
    }

    auto& message = parser.get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.peer_address = connection.peer_address;
    std::size_t fields = 0;
    for (auto const& field : message) {
        if (++fields > options.header_fields_max) {
            co_return co_await refuse(connection, 431, "too many header fields");
        }
        request.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    bool const keep_alive = message.keep_alive();
    bool const head_only = message.method() == http::verb::head;
    if (options.streaming.wanted && options.streaming.wanted(request))
        co_return co_await serve_streamed(connection, parser, std::move(request));

    BodyClaim claim(bodies_bytes);
    if (!parser.is_done()) {
        std::size_t const limit = options.body_bytes_max(request);
        auto const length = parser.content_length();
        if (length && *length > limit) {
            if (*length > options.discarded_bytes_max) {
                co_return co_await refuse(connection, 413, "body limit exceeded");
            }
            std::uint64_t rest = *length - std::min<std::uint64_t>(buffer.size(), *length);
            buffer.consume(buffer.size());
            std::vector<char> scratch(65'536);
            while (rest > 0) {
                connection.expire_after(options.body_stall_timeout);
                auto const n = std::min<std::uint64_t>(rest, scratch.size());
                auto [error, bytes] = co_await connection.socket.async_read_some(
                    asio::buffer(scratch.data(), n), kNoThrow);
                if (error) co_return false;
                rest -= bytes;
            }
            request.body_too_large = true;
        } else {
            claim.add(length ? static_cast<std::size_t>(*length) : limit);
            if (options.bodies_bytes_max > 0 && bodies_bytes > options.bodies_bytes_max)
                co_return co_await refuse(connection, 503, "too many requests with bodies at once");
            parser.body_limit(limit);
            if (beast::iequals(request.headers.get("expect"), "100-continue")) {
                static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
                auto [error, bytes] = co_await asio::async_write(
                    connection.socket, asio::buffer(kContinue.data(), kContinue.size()), kNoThrow);
                if (error) co_return false;
            }
            parser.eager(true);
            while (!parser.is_done()) {
                connection.expire_after(options.body_stall_timeout);
                auto const error = co_await feed(connection, parser, kBodyReadBytes);
                if (!error) continue;
                if (!is_parse_error(error)) co_return false;
                if (error == http::error::body_limit) {  // chunked: its length was not known before
                    request.body_too_large = true;
                    break;
                }
                co_return co_await refuse(connection, refusal_status(error), error.message());
            }
            if (!request.body_too_large) request.body = std::move(message.body());
            // A chunked body may end with trailers; they stand after the fields seen before.
            std::size_t index = 0;
            for (auto const& field : message) {
                if (index++ < fields) continue;
                request.headers.add(std::string(field.name_string()), std::string(field.value()));
            }
        }
    }

    connection.deadline.cancel();
    bool const body_unread = request.body_too_large && !parser.content_length();
    HttpResponse response = co_await handler(std::move(request));
    bool const stay = keep_alive && !response.close && !stopping && !body_unread;
    connection.expire_after(options.body_stall_timeout);
    co_return co_await write(connection, std::move(response), stay, head_only);
}

asio::awaitable<bool> HttpServer::State::refuse(Connection& connection, int status,
                                                std::string reason) {
    HttpResponse response;
    if (options.refusal) {
        response = options.refusal(status, std::move(reason));
    } else {
        response.body = std::move(reason);
    }
    response.status = status;
    connection.expire_after(options.head_timeout);
    co_await write(connection, std::move(response), false, false);
    co_return false;
}

std::string const& HttpServer::State::date_now() {
    auto const second = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
    if (second != date_second) {
        date_second = second;
        date = fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}",
                           fmt::gmtime(std::chrono::system_clock::to_time_t(second)));
    }
    return date;
}

// Without what says how long the body is, and its end.
std::string HttpServer::State::head_of(HttpResponse const& response) {
    std::string head;
    head.reserve(512);
    fmt::format_to(
        std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
        std::string_view(http::obsolete_reason(static_cast<http::status>(response.status))));
    for (auto const& field : response.headers.fields()) {
        head.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    head.append("Date: ").append(date_now()).append("\r\n");
    return head;
}

asio::awaitable<bool> HttpServer::State::write(Connection& connection, HttpResponse response,
                                               bool keep_alive, bool head_only) {
    auto head = head_of(response);
    bool const bodyless = response.status == 204 || response.status == 304;
    if (!bodyless) {
        fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
    }
    head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    bool const with_body = !bodyless && !head_only;
    std::array<asio::const_buffer, 2> const buffers{
        asio::buffer(head),
        asio::buffer(response.body.data(), with_body ? response.body.size() : 0)};
    error_code error;
    auto const written = connection.socket.write_some(buffers, error);
    if (error == asio::error::would_block) error = {};
    if (!error && written < asio::buffer_size(buffers)) {
        beast::buffers_suffix rest(buffers);
        rest.consume(written);
        std::tie(error, std::ignore) =
            co_await asio::async_write(connection.socket, rest, kNoThrow);
    }
    co_return !error && keep_alive;
}

// The rest of a request whose body goes to a file.
asio::awaitable<bool> HttpServer::State::serve_streamed(Connection& connection,
                                                        RequestParser& parser, HttpRequest head) {
    bool const keep_alive = parser.get().keep_alive();
    auto const version = parser.get().version();
    if (auto answer = options.streaming.early_answer(head)) {
        connection.expire_after(options.body_stall_timeout);
        bool const stay = keep_alive && parser.is_done() && !stopping;
        co_return co_await write(connection, std::move(*answer), stay, false);
    }
    StreamedRequest request{std::move(head), nullptr};
    if (!parser.is_done()) {
        if (auto const ended = co_await read_into_file(connection, parser, request))
            co_return *ended;
    }
    connection.deadline.cancel();
    bool const stay = keep_alive && !request.request.body_too_large;
    auto response = co_await options.streaming.handler(std::move(request));
    connection.expire_after(options.body_stall_timeout);
    co_return co_await write_streamed(connection, std::move(response), stay && !stopping, version);
}

// Nothing, or what serve_one() returns.
asio::awaitable<std::optional<bool>> HttpServer::State::read_into_file(Connection& connection,
                                                                       RequestParser& parser,
                                                                       StreamedRequest& request) {
    std::size_t const limit = options.body_bytes_max(request.request);
    if (auto const length = parser.content_length(); length && *length > limit)
        co_return co_await refuse(connection, 413, "body limit exceeded");
    parser.body_limit(limit);
    if (beast::iequals(request.request.headers.get("expect"), "100-continue")) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [error, bytes] = co_await asio::async_write(
            connection.socket, asio::buffer(kContinue.data(), kContinue.size()), kNoThrow);
        if (error) co_return false;
    }
    parser.eager(true);
    auto& body = parser.get().body();
    std::optional<SpoolFile> file;
    while (!parser.is_done()) {
        connection.expire_after(options.body_stall_timeout);
        auto const error = co_await feed(connection, parser, kBodyReadBytes);
        if (error) {
            if (!is_parse_error(error)) co_return false;
            if (error != http::error::body_limit)
                co_return co_await refuse(connection, refusal_status(error), error.message());
            request.request.body_too_large = true;  // chunked: its length was not known before
            co_return std::nullopt;
        }
        if (body.empty() || (body.size() < kSpoolPieceBytes && !parser.is_done())) continue;
        if (auto const kept = co_await keep(options.streaming, file, body); !kept) {
            log.write(LogLevel::kError, "a request's body cannot be kept",
                      {{"error", kept.error().message}});
            co_return co_await refuse(connection, kInsufficientStorage, "no room for the body");
        }
    }
    if (!file) co_return std::nullopt;
    auto whole = file->finish();
    if (!whole) co_return co_await refuse(connection, kInsufficientStorage, "no room for the body");
    request.body = std::move(*whole);
    co_return std::nullopt;
}

asio::awaitable<bool> HttpServer::State::write_streamed(Connection& connection,
                                                        StreamedResponse response, bool keep_alive,
                                                        unsigned version) {
    keep_alive = keep_alive && !response.head.close;
    if (!response.body)
        co_return co_await write(connection, std::move(response.head), keep_alive, false);
    bool const chunked = version > kHttp10;
    keep_alive = keep_alive && chunked;  // otherwise its end is the connection's
    auto head = head_of(response.head);
    if (chunked) head.append("Transfer-Encoding: chunked\r\n");
    head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    auto const [error, bytes] =
        co_await asio::async_write(connection.socket, asio::buffer(head), kNoThrow);
    if (error) co_return false;
    co_return co_await write_pieces(connection, *response.body, chunked) && keep_alive;
}

// False where the body did not come to its end, or nobody takes it.
asio::awaitable<bool> HttpServer::State::write_pieces(Connection& connection, BodySource& source,
                                                      bool chunked) {
    for (;;) {
        connection.deadline.cancel();  // the source has a time limit of its own
        auto const piece = co_await source.read();
        if (!piece) {
            log.write(LogLevel::kWarn, "a response ended early",
                      {{"error", piece.error().message}});
            co_return false;
        }
        std::string const size = chunked ? fmt::format("{:x}\r\n", piece->size()) : "";
        std::array<asio::const_buffer, 3> const buffers{
            asio::buffer(size), asio::buffer(*piece),
            asio::buffer("\r\n", chunked ? std::size_t{2} : std::size_t{0})};
        connection.expire_after(options.body_stall_timeout);
        auto const [error, bytes] =
            co_await asio::async_write(connection.socket, buffers, kNoThrow);
        if (error) co_return false;
        if (piece->empty()) co_return true;
    }
}

HttpServer::HttpServer(asio::any_io_executor executor, Clock const& clock, Log& log,
                       HttpServerOptions options, HttpHandler handler)
    : state_(std::make_shared<State>(std::move(executor), clock, log, std::move(options),
                                     std::move(handler))) {}

HttpServer::~HttpServer() {
    state_->stopping = true;
    for (auto& acceptor : state_->acceptors) {
        error_code ignored;
        acceptor->close(ignored);
    }
    state_->close_all(false);
}

Result<std::uint16_t> HttpServer::listen(std::string const& address, std::uint16_t port) {
    error_code error;
    auto const ip = asio::ip::make_address(address, error);
    if (error) return fail(Errc::kIo, fmt::format("{} is not an IP address", address));
    tcp::acceptor acceptor(state_->executor);
    tcp::endpoint const endpoint(ip, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) {
        return fail(Errc::kIo,
                    fmt::format("cannot listen on {}:{}: {}", address, port, error.message()));
    }
    auto const bound = acceptor.local_endpoint().port();
    state_->start(std::move(acceptor));
    return bound;
}

Result<void> HttpServer::adopt(UniqueFd listener) {
    tcp::acceptor acceptor(state_->executor);
    error_code error;
    acceptor.assign(tcp::v4(), listener.get(), error);
    if (error) return fail(Errc::kIo, "cannot serve on the socket: " + error.message());
    (void)listener.release();
    state_->start(std::move(acceptor));
    return {};
}

asio::awaitable<void> HttpServer::stop(std::chrono::milliseconds grace) {
    auto const state = state_;
    state->stopping = true;
    for (auto& acceptor : state->acceptors) {
        error_code ignored;
        acceptor->close(ignored);
    }
    state->close_all(true);
    auto const until = state->clock.monotonic_now() + grace;
    asio::steady_timer poll(state->executor);
    bool closed = false;
    while (!state->connections.empty()) {
        if (!closed && state->clock.monotonic_now() >= until) {
            state->close_all(false);
            closed = true;
        }
        poll.expires_after(std::chrono::milliseconds(5));
        co_await poll.async_wait(kNoThrow);
        if (closed && state->clock.monotonic_now() >= until + grace + std::chrono::seconds(1))
            break;
    }
}

}  // namespace meridian::io
