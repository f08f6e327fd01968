#pragma once
// One HTTP/1.1 request to a plain TCP endpoint, for the command line and for tests.

#include <chrono>
#include <string>

#include "base/http_message.h"
#include "io/task.h"

namespace meridian::io {

struct HttpEndpoint {
    std::string host;
    std::string port;
};

// A connection that is kept between requests. One request at a time.
class HttpClient {
  public:
    HttpClient(asio::any_io_executor executor, HttpEndpoint endpoint);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    // Sends `request` (Host and Content-Length are added unless given) and reads the whole answer,
    // of at most `body_bytes_max`. Errors: kUnavailable (cannot connect), kDeadlineExceeded, kIo.
    Task<HttpResponse> send(HttpRequest request, std::chrono::milliseconds timeout,
                            std::size_t body_bytes_max = 256 * 1024 * 1024);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meridian::io
