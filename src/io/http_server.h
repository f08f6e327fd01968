#pragma once
// Serves HTTP/1.1 on listening sockets: one coroutine a connection, requests in order, each
// answered by the handler. Limits and timeouts hold before the handler sees a byte.
//
// Threads: belongs to its executor; the handler runs there.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/http_message.h"
#include "base/log.h"
#include "io/streamed.h"
#include "io/task.h"
#include "io/unique_fd.h"

namespace meridian::io {

class BlockingPool;

// Requests whose bodies are kept in files without names instead of memory, and whose answers may
// come piece by piece.
struct HttpStreaming {
    std::function<bool(HttpRequest const& head)> wanted;  // empty: never
    // An answer by the head alone: the body is not read and the connection ends. Nothing: go on.
    std::function<std::optional<HttpResponse>(HttpRequest const& head)> early_answer;
    std::function<asio::awaitable<StreamedResponse>(StreamedRequest)> handler;
    std::filesystem::path directory;  // for the files
    BlockingPool* pool = nullptr;     // writes them
};

struct HttpServerOptions {
    std::size_t header_bytes_max = 0;   // request line and headers; longer ones get 431
    std::size_t header_fields_max = 0;  // more get 431
    std::size_t connections_max = 0;    // beyond it a connection is closed at once
    // The longest body of this request, by its head. Of a longer one the handler is told
    // (body_too_large); it is read and dropped first if it has a Content-Length of at most
    // `discarded_bytes_max` (a longer one gets 413), else the connection ends after the answer.
    std::function<std::size_t(HttpRequest const& head)> body_bytes_max;
    std::size_t discarded_bytes_max = 0;
    // The bodies of all requests that are being received or answered, together, each as long as it
    // says it is or may be; beyond it a request gets 503. Zero: no limit.
    std::size_t bodies_bytes_max = 0;
    // Zero: for ever. A peer that exceeds one is disconnected without an answer, as AWS does.
    std::chrono::milliseconds idle_timeout{0};
    std::chrono::milliseconds head_timeout{0};
    std::chrono::milliseconds body_stall_timeout{0};
    // The body of an answer to what is not HTTP, or breaks a limit above. May be empty.
    std::function<HttpResponse(int status, std::string reason)> refusal;
    HttpStreaming streaming = {};
};

using HttpHandler = std::function<asio::awaitable<HttpResponse>(HttpRequest)>;

class HttpServer {
  public:
    HttpServer(asio::any_io_executor executor, Clock const& clock, Log& log,
               HttpServerOptions options, HttpHandler handler);
    // Closes everything at once. Call stop() before for a drained end.
    ~HttpServer();
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;

    // Starts to accept on `address` ("127.0.0.1", "::1"); port 0 takes a free one.
    // Returns the port. Errors: kIo with the system's reason.
    Result<std::uint16_t> listen(std::string const& address, std::uint16_t port);
    // Starts to accept on a TCP socket that listens already.
    Result<void> adopt(UniqueFd listener);

    // Accepts no more, lets requests in progress finish for at most `grace`, closes the rest.
    asio::awaitable<void> stop(std::chrono::milliseconds grace);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meridian::io
