#include "telemetry/metric_query.h"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "wire/event_time.h"

namespace meridian::telemetry {
namespace {

using enum MetricName;

// What a metric is read from, and with which dimensions it exists.
enum class Kind { kCount, kTime, kPeak };

Kind kind_of(MetricName metric) {
    switch (metric) {
        case kDuration:
        case kInitDuration:
            return Kind::kTime;
        case kConcurrentExecutions:
        case kUnreservedConcurrentExecutions:
        case kProvisionedConcurrentExecutions:
        case kProvisionedConcurrencyUtilization:
            return Kind::kPeak;
        default:
            return Kind::kCount;
    }
}

// One period's samples.
struct Samples {
    double count = 0;
    double sum = 0;
    double minimum = 0;
    double maximum = 0;
    std::unique_ptr<DurationHistogram> spread = {};  // if percentiles are asked for

    void add(double more, double of_sum, double least, double most) {
        if (more == 0) return;
        minimum = count == 0 ? least : std::min(minimum, least);
        maximum = count == 0 ? most : std::max(maximum, most);
        count += more;
        sum += of_sum;
    }
    // `ones` samples of 1 and the rest of 0.
    void add_ones(std::uint32_t ones, std::uint32_t all) {
        add(all, ones, ones == all ? 1 : 0, ones > 0 ? 1 : 0);
    }
};

constexpr double kMillisecond = 1'000;  // in microseconds

void add_bucket(Samples& samples, MetricName metric, InvocationBucket const& bucket) {
    switch (metric) {
        case kInvocations:
            return samples.add_ones(bucket.invocations, bucket.invocations);
        case kErrors:
            return samples.add_ones(bucket.errors, bucket.invocations);
        case kThrottles:
            return samples.add_ones(bucket.throttles, bucket.invocations + bucket.throttles);
        case kColdStarts:
            return samples.add_ones(bucket.cold_starts, bucket.invocations);
        case kProvisionedConcurrencyInvocations:
            // Where nothing is provisioned there is no such metric.
            if (bucket.provisioned + bucket.spilled == 0) return;
            return samples.add_ones(bucket.provisioned, bucket.invocations);
        case kProvisionedConcurrencySpilloverInvocations:
            if (bucket.provisioned + bucket.spilled == 0) return;
            return samples.add_ones(bucket.spilled, bucket.invocations);
        case kBilledGbSeconds:
            return samples.add(bucket.invocations,
                               static_cast<double>(bucket.billed_mb_ms) / 1024 / 1000, 0, 0);
        case kDuration:
            samples.add(bucket.invocations, static_cast<double>(bucket.sum_us) / kMillisecond,
                        bucket.min_us / kMillisecond, bucket.max_us / kMillisecond);
            if (samples.spread) bucket.durations.add_to(*samples.spread);
            return;
        case kInitDuration:
            if (!bucket.init) return;
            samples.add(bucket.init->count, static_cast<double>(bucket.init->sum_us) / kMillisecond,
                        bucket.init->min_us / kMillisecond, bucket.init->max_us / kMillisecond);
            if (samples.spread) bucket.init->spread.add_to(*samples.spread);
            return;
        default:
            return;
    }
}

void add_peak(Samples& samples, MetricName metric, PeakBucket const& bucket) {
    auto const sample = [&](double value) { samples.add(1, value, value, value); };
    switch (metric) {
        case kConcurrentExecutions:
            return sample(bucket.running);
        case kUnreservedConcurrentExecutions:
            return sample(bucket.other);
        case kProvisionedConcurrentExecutions:
            if (bucket.provisioned > 0) sample(bucket.provisioned);
            return;
        case kProvisionedConcurrencyUtilization:
            if (bucket.other > 0) sample(bucket.other / kUtilizationScale);
            return;
        default:
            return;
    }
}

std::string resource_name(model::FunctionName const& function, model::Qualifier const& qualifier) {
    return qualifier.value().empty() ? function.value() : fmt::format("{}:{}", function, qualifier);
}

// visit(function name, function) for those that the dimensions name.
template <typename Visit>
void visit_functions(AccountSeries const& account, MetricDimensions const& wanted, Visit visit) {
    for (auto const& [name, function] : account.functions) {
        if (!wanted.function || *wanted.function == name.value()) visit(name, function);
    }
}

template <typename Visit>
void visit_versions(AccountSeries const& account, MetricDimensions const& wanted, Visit visit) {
    visit_functions(account, wanted, [&](auto const& name, FunctionSeries const& function) {
        for (auto const& [qualifier, resource] : function.resources) {
            if (wanted.resource && *wanted.resource != resource_name(name, qualifier)) continue;
            for (auto const& [version, series] : resource.versions) {
                if (!wanted.executed_version || *wanted.executed_version == version.value())
                    visit(series);
            }
        }
    });
}

template <typename Visit>
void visit_peaks(AccountSeries const& account, MetricDimensions const& wanted, Visit visit) {
    if (!wanted.function) return visit(account.peaks);
    visit_functions(account, wanted, [&](auto const& name, FunctionSeries const& function) {
        if (!wanted.resource) return visit(function.peaks);
        for (auto const& [qualifier, resource] : function.resources) {
            if (*wanted.resource == resource_name(name, qualifier)) visit(resource.peaks);
        }
    });
}

std::unexpected<Error> bad(std::string message) {
    return fail(Errc::kInvalidParameterValue, std::move(message));
}

Result<void> check(InvocationMetrics const& metrics, MetricQuery const& query, WallTime now) {
    auto const& form = form_of(query.metric);
    if (!has_dimensions(query.metric, query.dimensions)) {
        return bad(fmt::format("There is no {} by these dimensions.", form.name));
    }
    if (!query.percentiles.empty() && kind_of(query.metric) != Kind::kTime)
        return bad(fmt::format("Percentiles are kept of durations, not of {}.", form.name));
    if (query.period.count() < 1) return bad("Period is at least 1 second.");
    if (query.end <= query.start) return bad("EndTime must be after StartTime.");
    if (query.start < WallTime{} || query.end > WallTime{std::chrono::seconds(UINT32_MAX)})
        return bad("StartTime and EndTime must be between 1970 and 2106.");
    auto const wanted =
        (query.end - query.start + query.period - std::chrono::microseconds(1)) / query.period;
    if (wanted > kDatapointsMax) {
        return bad(fmt::format(
            "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce "
            "the datapoints requested by increasing Period, or decreasing the time range.",
            wanted, kDatapointsMax));
    }
    auto const kept = metrics.seconds_kept();
    if (query.period.count() % 60 != 0 && query.start < now - kept) {
        return bad(fmt::format(
            "A Period that is no multiple of 60 seconds can reach {} seconds back: begin at {}.",
            kept.count(), wire::format_iso8601(now - kept + std::chrono::seconds(1))));
    }
    return {};
}

}  // namespace

std::vector<MetricForm> const& metric_forms() {
    static std::vector<MetricForm> const forms = {
        {kInvocations, kLambdaNamespace, "Invocations", "Count"},
        {kErrors, kLambdaNamespace, "Errors", "Count"},
        {kThrottles, kLambdaNamespace, "Throttles", "Count"},
        {kDuration, kLambdaNamespace, "Duration", "Milliseconds"},
        {kConcurrentExecutions, kLambdaNamespace, "ConcurrentExecutions", "Count"},
        {kUnreservedConcurrentExecutions, kLambdaNamespace, "UnreservedConcurrentExecutions",
         "Count"},
        {kProvisionedConcurrentExecutions, kLambdaNamespace, "ProvisionedConcurrentExecutions",
         "Count"},
        {kProvisionedConcurrencyInvocations, kLambdaNamespace, "ProvisionedConcurrencyInvocations",
         "Count"},
        {kProvisionedConcurrencySpilloverInvocations, kLambdaNamespace,
         "ProvisionedConcurrencySpilloverInvocations", "Count"},
        {kProvisionedConcurrencyUtilization, kLambdaNamespace, "ProvisionedConcurrencyUtilization",
         "None"},
        {kColdStarts, kMeridianNamespace, "ColdStarts", "Count"},
        {kInitDuration, kMeridianNamespace, "InitDuration", "Milliseconds"},
        {kBilledGbSeconds, kMeridianNamespace, "BilledGBSeconds", "None"},
    };
    return forms;
}

bool has_extremes(MetricName metric) { return metric != kBilledGbSeconds; }

MetricForm const& form_of(MetricName metric) {
    return *std::ranges::find(metric_forms(), metric, &MetricForm::id);
}

MetricForm const* find_metric(std::string_view name_space, std::string_view name) {
    auto const found = std::ranges::find_if(metric_forms(), [&](MetricForm const& form) {
        return form.name_space == name_space && form.name == name;
    });
    return found == metric_forms().end() ? nullptr : &*found;
}

bool has_dimensions(MetricName metric, MetricDimensions const& dimensions) {
    auto const& [function, resource, version] = dimensions;
    if ((resource && !function) || (version && !resource)) return false;
    switch (metric) {
        case kUnreservedConcurrentExecutions:
            return !function;
        case kProvisionedConcurrencyUtilization:
            return resource && !version;
        case kProvisionedConcurrentExecutions:
            return function && !version;
        case kConcurrentExecutions:
            return !version;
        default:
            return true;
    }
}

Result<std::vector<Datapoint>> query_metric(InvocationMetrics const& metrics,
                                            MetricQuery const& query, WallTime now) {
    MERIDIAN_CHECK(check(metrics, query, now));
    auto const period = static_cast<std::uint32_t>(query.period.count());
    auto start = second_of(query.start);
    start -= start % std::min(period, 60U);
    // A period that has begun belongs to the answer.
    auto const end = second_of(query.end - std::chrono::microseconds(1)) + 1;

    std::map<std::uint32_t, Samples> periods;
    auto const samples_at = [&](std::uint32_t second) -> Samples& {
        auto& samples = periods[(second - start) / period];
        if (!query.percentiles.empty() && !samples.spread)
            samples.spread = std::make_unique<DurationHistogram>();
        return samples;
    };
    auto const account = metrics.accounts().find(query.account);
    if (account == metrics.accounts().end()) return std::vector<Datapoint>{};
    if (kind_of(query.metric) == Kind::kPeak) {
        visit_peaks(account->second, query.dimensions, [&](MetricSeries<PeakBucket> const& peaks) {
            peaks.visit(start, end, [&](PeakBucket const& bucket) {
                add_peak(samples_at(bucket.time), query.metric, bucket);
            });
        });
    } else {
        visit_versions(account->second, query.dimensions, [&](VersionSeries const& series) {
            series.buckets.visit(start, end, [&](InvocationBucket const& bucket) {
                add_bucket(samples_at(bucket.time), query.metric, bucket);
            });
        });
    }

    std::vector<Datapoint> datapoints;
    for (auto const& [index, samples] : periods) {
        if (samples.count == 0) continue;
        auto& point = datapoints.emplace_back(
            Datapoint{.time = WallTime{std::chrono::seconds(start + std::uint64_t{index} * period)},
                      .sample_count = samples.count,
                      .sum = samples.sum,
                      .minimum = samples.minimum,
                      .maximum = samples.maximum});
        for (auto const percent : query.percentiles) {
            // The middle of a bucket may lie beyond what was measured.
            point.percentiles.push_back(
                std::clamp(samples.spread->percentile(percent) / kMillisecond, samples.minimum,
                           samples.maximum));
        }
    }
    return datapoints;
}

std::vector<ListedMetric> list_metrics(InvocationMetrics const& metrics,
                                       model::AccountId const& account,
                                       std::optional<std::string> const& function) {
    std::vector<ListedMetric> listed;
    auto const found = metrics.accounts().find(account);
    if (found == metrics.accounts().end()) return listed;
    auto const add = [&](MetricDimensions const& dimensions, bool provisioned) {
        for (auto const& form : metric_forms()) {
            bool const of_provisioned = form.name.starts_with("Provisioned");
            if ((provisioned || !of_provisioned) && has_dimensions(form.id, dimensions))
                listed.push_back({form.id, dimensions});
        }
    };
    bool any_provisioned = false;
    visit_functions(
        found->second, {.function = function}, [&](auto const& name, FunctionSeries const& series) {
            bool provisioned = false;
            for (auto const& [qualifier, resource] : series.resources) {
                bool here = false;
                MetricDimensions of_resource{.function = name.value(),
                                             .resource = resource_name(name, qualifier)};
                for (auto const& [version, kept] : resource.versions) {
                    here = here || kept.totals.provisioned + kept.totals.spilled > 0;
                    if (qualifier.value().empty() || qualifier.value() == version.value())
                        continue;  // only an alias runs other versions
                    auto of_version = of_resource;
                    of_version.executed_version = version.value();
                    add(of_version, here);
                }
                add(of_resource, here);
                provisioned = provisioned || here;
            }
            add({.function = name.value()}, provisioned);
            any_provisioned = any_provisioned || provisioned;
        });
    if (!function && !found->second.functions.empty()) add({}, any_provisioned);
    return listed;
}

WallTime known_since(InvocationMetrics const& metrics, WallTime now) {
    return std::max(metrics.since(), now - metrics.minutes_kept());
}

}  // namespace meridian::telemetry
