#pragma once
// The Runtime API, version 2018-06-01: one request of a runtime in, one answer out.

#include "base/http_message.h"
#include "runtime_api/runtime_host.h"

namespace meridian::runtime_api {

// `host` must outlive the coroutine.
asio::awaitable<HttpResponse> handle(RuntimeHost& host, HttpRequest request);

// For HttpServerOptions::body_bytes_max: responses have the function's limit, errors a smaller one.
[[nodiscard]] std::size_t body_bytes_max(HttpRequest const& head);

}  // namespace meridian::runtime_api
