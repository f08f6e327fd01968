#pragma once
// Statistics of Lambda's metrics over time, as CloudWatch's GetMetricStatistics gives them: which
// metrics there are, of which dimensions, and a datapoint for each period that has samples. Pure;
// the metrics' executor.
//
// What one sample is, by metric (AWS does not document it for all; values of Sum are AWS's):
//   Invocations, Errors, ColdStarts   each invocation: 1, or 0 where it was none of these
//   Throttles                         each invocation: 0; each refusal: 1
//   Provisioned…Invocations           each invocation: 1 or 0
//   Duration, InitDuration            each invocation; each Init phase: milliseconds
//   BilledGBSeconds                   each invocation; only Sum, Average and SampleCount
//   …Executions, …Utilization         each second with something running (of what is older than
//                                     kSecondsKept, each minute): the most in it

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "telemetry/invocation_metrics.h"

namespace meridian::telemetry {

enum class MetricName {
    kInvocations,
    kErrors,
    kThrottles,
    kDuration,
    kConcurrentExecutions,
    kUnreservedConcurrentExecutions,
    kProvisionedConcurrentExecutions,
    kProvisionedConcurrencyInvocations,
    kProvisionedConcurrencySpilloverInvocations,
    kProvisionedConcurrencyUtilization,
    // Ours, in a namespace of our own.
    kColdStarts,
    kInitDuration,
    kBilledGbSeconds,
};

inline constexpr std::string_view kLambdaNamespace = "AWS/Lambda";
inline constexpr std::string_view kMeridianNamespace = "Meridian/Lambda";

struct MetricForm {
    MetricName id;
    std::string_view name_space;
    std::string_view name;
    std::string_view unit;
};
[[nodiscard]] std::vector<MetricForm> const& metric_forms();
[[nodiscard]] MetricForm const& form_of(MetricName metric);
// Whether Minimum and Maximum mean anything.
[[nodiscard]] bool has_extremes(MetricName metric);
[[nodiscard]] MetricForm const* find_metric(std::string_view name_space, std::string_view name);

// None: the account. Otherwise a function, one resource of it ("f:live", "f:7", or "f" for what was
// invoked without a qualifier), or one version that ran for that resource.
struct MetricDimensions {
    std::optional<std::string> function = {};
    std::optional<std::string> resource = {};
    std::optional<std::string> executed_version = {};

    bool operator==(MetricDimensions const&) const = default;
};

// CloudWatch's own limit of one answer.
inline constexpr std::int64_t kDatapointsMax = 1'440;

struct MetricQuery {
    model::AccountId account;
    MetricName metric = MetricName::kInvocations;
    MetricDimensions dimensions = {};
    WallTime start{};  // rounded down to a whole minute, or period if that is shorter
    WallTime end{};    // exclusive
    std::chrono::seconds period{60};
    std::vector<double> percentiles = {};  // 0 to 100
};

struct Datapoint {
    WallTime time{};  // at which its period begins
    double sample_count = 0;
    double sum = 0;
    double minimum = 0;
    double maximum = 0;
    std::vector<double> percentiles = {};  // in the query's order

    [[nodiscard]] double average() const noexcept { return sum / sample_count; }
};

// Oldest first. Errors: kInvalidParameterValue where the query asks for what is never there: a
// metric of other dimensions, a percentile of what has none, more than kDatapointsMax, a period of
// less than a minute before the seconds that are kept.
[[nodiscard]] Result<std::vector<Datapoint>> query_metric(InvocationMetrics const& metrics,
                                                          MetricQuery const& query, WallTime now);

// Whether AWS has the metric by these dimensions.
[[nodiscard]] bool has_dimensions(MetricName metric, MetricDimensions const& dimensions);

struct ListedMetric {
    MetricName metric;
    MetricDimensions dimensions;
};
// Of all that has been called and is still kept. Without `function`: of every one, and the
// account's.
[[nodiscard]] std::vector<ListedMetric> list_metrics(InvocationMetrics const& metrics,
                                                     model::AccountId const& account,
                                                     std::optional<std::string> const& function);

// Before this nothing is known: the process had not started, or it has been dropped.
[[nodiscard]] WallTime known_since(InvocationMetrics const& metrics, WallTime now);

}  // namespace meridian::telemetry
