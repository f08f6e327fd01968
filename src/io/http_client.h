#pragma once
// HTTP/1.1 requests to one endpoint, over plain TCP or TLS.

#include <chrono>
#include <memory>
#include <string>

#include "base/http_message.h"
#include "io/task.h"

namespace meridian::io {

class TlsRoots;

struct HttpEndpoint {
    std::string host;
    std::string port;
    // Null: plain TCP. Else TLS, with a certificate for `host` from one of these.
    std::shared_ptr<TlsRoots const> tls = {};
};

// A connection that is kept between requests. One request at a time.
class HttpClient {
  public:
    HttpClient(asio::any_io_executor executor, HttpEndpoint endpoint);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    // Sends `request` (Host and Content-Length are added unless given) and reads the whole answer,
    // of at most `body_bytes_max`. Connecting, and then the exchange, may each take `timeout`.
    // Errors: kUnavailable (cannot connect), kDeadlineExceeded, kRequestTooLarge (a longer body),
    // kIo.
    Task<HttpResponse> send(HttpRequest request, std::chrono::milliseconds timeout,
                            std::size_t body_bytes_max = 256 * 1024 * 1024);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meridian::io
