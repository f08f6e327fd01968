#include "telemetry/invocation_exposition.h"

#include <array>

#include <fmt/format.h>

namespace meridian::telemetry {
namespace {

using Type = PrometheusText::Type;

std::string resource_name(model::FunctionName const& function, model::Qualifier const& qualifier) {
    return qualifier.value().empty() ? function.value() : fmt::format("{}:{}", function, qualifier);
}

// visit(labels, version series) for each.
template <typename Visit>
void visit_versions(std::vector<ExposedRegion> const& regions, Visit visit) {
    for (auto const& [region, metrics] : regions) {
        for (auto const& [account, series] : metrics.accounts()) {
            for (auto const& [function, of_function] : series.functions) {
                for (auto const& [qualifier, resource] : of_function.resources) {
                    auto const name = resource_name(function, qualifier);
                    for (auto const& [version, of_version] : resource.versions) {
                        visit(
                            std::array<PrometheusLabel, 5>{{{"region", region.value()},
                                                            {"account", account.value()},
                                                            {"function", function.value()},
                                                            {"resource", name},
                                                            {"executed_version", version.value()}}},
                            of_version.totals);
                    }
                }
            }
        }
    }
}

struct Counter {
    char const* name;
    char const* help;
    std::uint64_t InvocationTotals::* value;
};
constexpr auto kCounters = std::to_array<Counter>({
    {"meridian_lambda_invocations_total", "Invocations that ran, failed ones included",
     &InvocationTotals::invocations},
    {"meridian_lambda_errors_total", "Invocations that ended in a function error",
     &InvocationTotals::errors},
    {"meridian_lambda_throttles_total", "Requests that were refused for want of concurrency",
     &InvocationTotals::throttles},
    {"meridian_lambda_cold_starts_total", "Invocations that waited for an Init phase",
     &InvocationTotals::cold_starts},
    {"meridian_lambda_provisioned_invocations_total", "Invocations on provisioned concurrency",
     &InvocationTotals::provisioned},
    {"meridian_lambda_spillover_invocations_total",
     "Invocations for which all provisioned concurrency was in use", &InvocationTotals::spilled},
});

void expose_durations(std::vector<ExposedRegion> const& regions, PrometheusText& out) {
    static auto const bounds = [] {
        std::array<std::string, kDurationBoundsSeconds.size() + 1> texts;
        for (std::size_t i = 0; i < kDurationBoundsSeconds.size(); ++i)
            texts[i] = fmt::format("{}", kDurationBoundsSeconds[i]);
        texts.back() = "+Inf";
        return texts;
    }();
    out.family("meridian_lambda_duration_seconds", Type::kHistogram,
               "How long functions ran, cold starts apart");
    visit_versions(
        regions, [&](std::array<PrometheusLabel, 5> const& labels, InvocationTotals const& totals) {
            std::array<PrometheusLabel, 6> with_bound;
            std::ranges::copy(labels, with_bound.begin());
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i < bounds.size(); ++i) {
                sum += totals.by_duration[i];
                with_bound.back() = {"le", bounds[i]};
                out.sample(with_bound, sum, "_bucket");
            }
            out.sample(labels, static_cast<double>(totals.sum_us) / 1e6, "_sum");
            out.sample(labels, totals.invocations, "_count");
        });
}

void expose_running(std::vector<ExposedRegion> const& regions, PrometheusText& out) {
    out.family("meridian_lambda_concurrent_executions", Type::kGauge, "What is running now");
    for (auto const& [region, metrics] : regions) {
        for (auto const& [account, series] : metrics.accounts()) {
            for (auto const& [function, of_function] : series.functions) {
                for (auto const& [qualifier, resource] : of_function.resources) {
                    auto const name = resource_name(function, qualifier);
                    std::array<PrometheusLabel, 4> const labels{{{"region", region.value()},
                                                                 {"account", account.value()},
                                                                 {"function", function.value()},
                                                                 {"resource", name}}};
                    out.sample(labels, std::uint64_t{resource.running});
                }
            }
        }
    }
}

}  // namespace

void expose_invocations(std::vector<ExposedRegion> const& regions, PrometheusText& out) {
    for (auto const& counter : kCounters) {
        out.family(counter.name, Type::kCounter, counter.help);
        visit_versions(regions, [&](auto const& labels, InvocationTotals const& totals) {
            out.sample(labels, totals.*counter.value);
        });
    }
    out.family("meridian_lambda_billed_gb_seconds_total", Type::kCounter,
               "Billed milliseconds times configured memory");
    visit_versions(regions, [&](auto const& labels, InvocationTotals const& totals) {
        out.sample(labels, static_cast<double>(totals.billed_mb_ms) / 1024 / 1000);
    });
    out.family("meridian_lambda_init_duration_seconds_total", Type::kCounter,
               "Time in the Init phases that invocations' reports name");
    visit_versions(regions, [&](auto const& labels, InvocationTotals const& totals) {
        out.sample(labels, static_cast<double>(totals.init_sum_us) / 1e6);
    });
    expose_running(regions, out);
    // The longest last: what does not fit is missing from here first.
    expose_durations(regions, out);

    out.family("meridian_metrics_unrecorded_total", Type::kCounter,
               "Invocations and throttles that were too many different ones to be counted");
    for (auto const& [region, metrics] : regions) {
        std::array<PrometheusLabel, 1> const labels{{{"region", region.value()}}};
        out.sample(labels, metrics.unrecorded());
    }
}

}  // namespace meridian::telemetry
