#include "bin/object_source.h"

#include <cstdlib>

#include "control/s3_objects.h"
#include "io/tls_roots.h"

namespace meridian::bin {

namespace {

std::string environment(char const* name) {
    auto const* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Result<std::unique_ptr<control::ObjectSource>> object_source_from_environment(
    boost::asio::any_io_executor executor, Clock const& clock, Log& log) {
    auto const url = environment("AWS_ENDPOINT_URL_S3");
    if (url.empty()) return std::make_unique<control::NoObjectSource>();
    MERIDIAN_TRY(auto const endpoint, control::parse_endpoint_url(url));
    control::S3Options options{.endpoint = {.host = endpoint.host, .port = endpoint.port}};
    if (endpoint.tls) {
        MERIDIAN_TRY(options.endpoint.tls, io::TlsRoots::load(environment("AWS_CA_BUNDLE")));
    }
    for (auto const* name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
        if (auto const region = environment(name); !region.empty()) options.region = region;
    }
    if (auto id = environment("AWS_ACCESS_KEY_ID"); !id.empty()) {
        options.credentials = wire::sigv4::Credentials{
            std::move(id), environment("AWS_SECRET_ACCESS_KEY"), environment("AWS_SESSION_TOKEN")};
    }
    return std::make_unique<control::S3Objects>(std::move(executor), std::move(options), clock,
                                                log);
}

}  // namespace meridian::bin
