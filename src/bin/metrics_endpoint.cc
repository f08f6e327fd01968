#include "bin/metrics_endpoint.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "api/local_program.h"
#include "model/limits.h"
#include "telemetry/invocation_exposition.h"
#include "telemetry/process_exposition.h"

namespace meridian::bin {
namespace {

namespace limits = model::limits;
using telemetry::PrometheusLabel;
using telemetry::PrometheusText;
using Type = PrometheusText::Type;

constexpr std::string_view kPath = "/metrics";
constexpr std::size_t kConnectionsMax = 16;  // some scrapers, and a person
// A scrape in progress may end before the process does.
constexpr auto kDrainGrace = std::chrono::milliseconds(500);

HttpResponse text(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(body) + "\n";
    return response;
}

io::HttpServerOptions options() {
    io::HttpServerOptions http;
    http.header_bytes_max = limits::kHeaderBytesMax;
    http.header_fields_max = limits::kHeaderFieldsMax;
    http.connections_max = kConnectionsMax;
    http.body_bytes_max = [](HttpRequest const&) { return std::size_t{0}; };
    http.idle_timeout = limits::kHttpIdleTimeout;
    http.head_timeout = limits::kHttpHeadTimeout;
    http.body_stall_timeout = limits::kHttpBodyStallTimeout;
    http.refusal = text;
    return http;
}

using PerRegion = std::uint64_t (*)(RegionFigures const&);

void expose_each(std::vector<RegionFigures> const& regions, PrometheusText& out, char const* name,
                 char const* help, PerRegion value) {
    out.family(name, Type::kGauge, help);
    for (auto const& region : regions) {
        std::array<PrometheusLabel, 1> const labels{{{"region", region.name.value()}}};
        out.sample(labels, value(region));
    }
}

void expose_sequences(std::vector<RegionFigures> const& regions, PrometheusText& out,
                      char const* name, char const* help,
                      std::optional<vault::Position> RegionFigures::* positions) {
    out.family(name, Type::kGauge, help);
    for (auto const& region : regions) {
        auto const& known = region.*positions;
        if (!known) continue;
        for (auto const& [log, sequence] :
             {std::pair{"region", known->region}, std::pair{"account", known->account}}) {
            std::array<PrometheusLabel, 2> const labels{
                {{"region", region.name.value()}, {"log", log}}};
            out.sample(labels, std::uint64_t{sequence});
        }
    }
}

void expose_regions(std::vector<RegionFigures> const& regions, PrometheusText& out) {
    expose_each(regions, out, "meridian_environments", "Execution environments that exist",
                [](RegionFigures const& region) { return std::uint64_t{region.environments}; });
    expose_each(regions, out, "meridian_metrics_bytes", "Memory of the metrics that are kept",
                [](RegionFigures const& region) { return std::uint64_t{region.metrics_bytes}; });
    expose_each(regions, out, "meridian_metrics_kept_seconds",
                "How far back minutes are kept; less than a day when there is no room",
                [](RegionFigures const& region) {
                    return static_cast<std::uint64_t>(region.metrics_kept.count());
                });
    expose_sequences(regions, out, "meridian_store_sequence", "The last entry of a change log",
                     &RegionFigures::store);
    expose_sequences(regions, out, "meridian_vault_sequence",
                     "The last entry of a change log that the vault has", &RegionFigures::vault);
}

}  // namespace

MetricsEndpoint::MetricsEndpoint(asio::any_io_executor executor, Clock const& clock, Log& log,
                                 std::vector<std::unique_ptr<Region>> const& regions)
    : regions_(regions),
      started_(clock.wall_now()),
      server_(std::move(executor), clock, log, options(),
              [this](HttpRequest request) { return answer(std::move(request)); }) {}

Result<std::string> MetricsEndpoint::listen(std::string const& host, std::uint16_t port) {
    MERIDIAN_TRY(auto const taken, server_.listen(host, port));
    auto const shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return fmt::format("http://{}:{}{}", shown, taken, kPath);
}

asio::awaitable<void> MetricsEndpoint::stop() { co_await server_.stop(kDrainGrace); }

asio::awaitable<HttpResponse> MetricsEndpoint::answer(HttpRequest request) {
    if (!api::is_local_program(request))
        co_return text(403, "Only programs on this machine may ask.");
    if (request.path() != kPath) co_return text(404, "Metrics are at /metrics.");
    if (request.method != "GET") co_return text(405, "Metrics are read with GET.");
    std::vector<RegionFigures> figures;
    std::vector<telemetry::ExposedRegion> exposed;
    for (auto const& region : regions_) {
        figures.push_back(co_await region->figures());
        exposed.push_back({region->name(), region->metrics()});
    }
    PrometheusText out(kMetricsAnswerBytesMax);
    telemetry::expose_process(MERIDIAN_VERSION, started_, out);
    expose_regions(figures, out);
    telemetry::expose_invocations(exposed, out);
    auto const omitted = out.omitted();
    HttpResponse response;
    response.headers.add("Content-Type", std::string(telemetry::kPrometheusContentType));
    response.body = out.take();
    response.body += fmt::format(
        "# HELP meridian_metrics_omitted_samples Samples that this answer had no room for\n"
        "# TYPE meridian_metrics_omitted_samples gauge\nmeridian_metrics_omitted_samples {}\n",
        omitted);
    co_return response;
}

Result<std::optional<std::uint16_t>> parse_metrics_port(std::string const& given) {
    if (given == "off") return std::nullopt;
    std::uint16_t port = 0;
    auto const* const end = given.data() + given.size();
    auto const [stopped, error] = std::from_chars(given.data(), end, port);
    if (given.empty() || error != std::errc{} || stopped != end) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("--metrics-port {} is neither a port nor off.", given));
    }
    return port;
}

}  // namespace meridian::bin
