#include "invoke/region_api_server.h"

#include "model/limits.h"

namespace meridian::invoke {

namespace limits = model::limits;

namespace {

// What the code of one environment may have open at a time; ours. AWS's SDK for JavaScript opens 50
// connections to a host, boto3 10.
constexpr std::size_t kConnectionsMax = 64;
// And the request bodies that are held for it together; ours: a package and some payloads.
constexpr std::size_t kBodiesBytesMax = 134'217'728;

}  // namespace

Result<std::unique_ptr<io::HttpServer>> serve_region_api(EnvironmentServices const& services,
                                                         io::UniqueFd listener) {
    auto& api = services.api;
    io::HttpServerOptions options;
    options.header_bytes_max = limits::kHeaderBytesMax;
    options.header_fields_max = limits::kHeaderFieldsMax;
    options.connections_max = kConnectionsMax;
    options.body_bytes_max = [&api](HttpRequest const& head) { return api.body_bytes_max(head); };
    options.bodies_bytes_max = kBodiesBytesMax;
    options.discarded_bytes_max = limits::kDiscardedBodyBytesMax;
    options.idle_timeout = limits::kHttpIdleTimeout;
    options.head_timeout = limits::kHttpHeadTimeout;
    options.body_stall_timeout = limits::kHttpBodyStallTimeout;
    options.refusal = [&api](int status, std::string reason) {
        return api.refusal(status, std::move(reason));
    };
    auto server = std::make_unique<io::HttpServer>(
        services.executor, services.clock, services.log, std::move(options),
        [&api](HttpRequest request) { return api.handle(std::move(request)); });
    MERIDIAN_CHECK(server->adopt(std::move(listener)));
    return server;
}

}  // namespace meridian::invoke
