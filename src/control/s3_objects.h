#pragma once
// Reads objects from an S3-compatible endpoint, path-style: GET /BUCKET/KEY?versionId=…, signed
// with SigV4 where there are credentials. An object is held in memory whole. Redirects are not
// followed.
//
// Threads: belongs to its executor.

#include <chrono>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "control/object_source.h"
#include "io/http_client.h"
#include "wire/sigv4.h"

namespace meridian::control {

// Ours: objects that are read at one time, each up to what its reader allows; more are throttled.
inline constexpr int kS3DownloadsMax = 4;
// Ours: to connect, and to read the object.
inline constexpr auto kS3RequestTimeout = std::chrono::seconds(60);

struct S3Options {
    io::HttpEndpoint endpoint = {};
    std::string region = "us-east-1";                          // to sign for
    std::optional<wire::sigv4::Credentials> credentials = {};  // nothing: unsigned requests
};

// "http://HOST[:PORT]" or "https://…", without a path, as its parts.
struct EndpointUrl {
    bool tls = false;
    std::string host;
    std::string port;
};
[[nodiscard]] Result<EndpointUrl> parse_endpoint_url(std::string_view url);

// The text that Lambda has for an answer of S3 that is no object.
[[nodiscard]] std::string s3_error_text(HttpResponse const& response);

class S3Objects final : public ObjectSource {
  public:
    S3Objects(boost::asio::any_io_executor executor, S3Options options, Clock const& clock,
              Log& log)
        : executor_(std::move(executor)), options_(std::move(options)), clock_(clock), log_(log) {}

    io::Task<std::string> get(S3Object object, std::size_t bytes_max) override;

  private:
    [[nodiscard]] HttpRequest request_for(S3Object const& object) const;

    boost::asio::any_io_executor const executor_;
    S3Options const options_;
    Clock const& clock_;
    Log& log_;
    int running_ = 0;
};

}  // namespace meridian::control
