#pragma once
// GET /metrics on a listener of its own, in Prometheus's text form: Lambda's metrics of every
// region, the regions' own, and the process. No credentials: loopback only, and no browser's pages.
//
// Threads: belongs to its executor, which is the regions'.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bin/region.h"
#include "io/http_server.h"

namespace meridian::bin {

// Of one answer; samples beyond it are left out and counted. Ours: 10,000 series take some 40 MB,
// Prometheus's own advice is to stay far below.
inline constexpr std::size_t kMetricsAnswerBytesMax = 16 * 1024 * 1024;

class MetricsEndpoint {
  public:
    // The regions outlive it.
    MetricsEndpoint(asio::any_io_executor executor, Clock const& clock, Log& log,
                    std::vector<std::unique_ptr<Region>> const& regions);

    // Port 0 takes a free one. "http://127.0.0.1:9464/metrics". Errors: kIo.
    [[nodiscard]] Result<std::string> listen(std::string const& host, std::uint16_t port);
    asio::awaitable<void> stop();

  private:
    asio::awaitable<HttpResponse> answer(HttpRequest request);

    std::vector<std::unique_ptr<Region>> const& regions_;
    WallTime const started_;
    io::HttpServer server_;
};

// Both sides of --metrics-port: "off", or a port, of which 0 takes a free one. nullopt: off.
[[nodiscard]] Result<std::optional<std::uint16_t>> parse_metrics_port(std::string const& text);

}  // namespace meridian::bin
