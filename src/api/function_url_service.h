#pragma once
// A request to a function URL: may it, the function's event, its answer as HTTP. The URL is known
// and, where its AuthType asks for it, the signature is verified.

#include "api/authorizer.h"
#include "base/http_message.h"
#include "control/published_urls.h"
#include "invoke/invoker.h"

namespace meridian::api {

struct UrlCall {
    control::PublishedUrl url;
    auth::Caller caller;  // nobody: AuthType NONE
    RequestOrigin origin;
    model::RequestId request_id;
    std::string trace_id;  // a whole tracing header
    WallTime time{};
};

// The URL's CORS settings; null: none.
[[nodiscard]] nlohmann::json const* cors_of(control::PublishedUrl const& url);
// What a URL that nobody has answers (recorded).
[[nodiscard]] HttpResponse unknown_url();
// What somebody gets who may not use a URL (recorded).
[[nodiscard]] HttpResponse forbidden_url();

// Threads: the region's executor. Everything by reference outlives the call.
asio::awaitable<HttpResponse> serve_function_url(invoke::Invoker& invoker, Authorizer& authorizer,
                                                 model::RegionName const& region, Log& log,
                                                 UrlCall call, HttpRequest request);

}  // namespace meridian::api
