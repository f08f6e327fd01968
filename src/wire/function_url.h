#pragma once
// What travels over a function URL: an HTTP request as the function's event (payload format 2.0),
// its answer as an HTTP response, and CORS. Pure; any thread.
// Source: Developer Guide, "Invoking Lambda function URLs"; recorded answers win.

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/http_message.h"
#include "model/names.h"

namespace meridian::wire {

// "ID.lambda-url.REGION.anything[:port]", in any case.
struct FunctionUrlHost {
    std::string url_id;
    std::string region;

    bool operator==(FunctionUrlHost const&) const = default;
};
// "http://ID.lambda-url.REGION.localhost:4600/" on a loopback endpoint; the endpoint's own host
// stands at the end otherwise. `endpoint` is "scheme://host[:port]".
[[nodiscard]] std::string format_function_url(std::string_view endpoint, std::string_view url_id,
                                              model::RegionName const& region);
// Nothing where `host` is no function URL's.
[[nodiscard]] std::optional<FunctionUrlHost> parse_function_url_host(std::string_view host);

// Who signed a request to a URL whose AuthType is AWS_IAM.
struct UrlCaller {
    std::string access_key;
    std::string account;
    std::string arn;
    std::string user_id;
};

struct UrlRequestContext {
    std::string url_id;
    std::string owner_account;
    std::string request_id;
    std::string trace_id;
    WallTime time{};
    std::optional<UrlCaller> caller = {};
};

// The event's JSON text.
[[nodiscard]] std::string url_event(HttpRequest const& request, UrlRequestContext const& context);

// The response that a function's answer means (not of one that failed). What cannot be one is
// bad_gateway().
[[nodiscard]] HttpResponse url_response(std::string_view payload);
[[nodiscard]] HttpResponse bad_gateway();

// --- CORS; `cors` is the URL config's Cors member ---

[[nodiscard]] bool is_preflight(HttpRequest const& request);
// The answer to a preflight: the function is not asked.
[[nodiscard]] HttpResponse preflight_response(nlohmann::json const& cors,
                                              HttpRequest const& request);
// To any other answer. Nothing where the request's origin is not allowed.
void add_cors_headers(nlohmann::json const& cors, HttpRequest const& request,
                      HttpResponse* response);

}  // namespace meridian::wire
