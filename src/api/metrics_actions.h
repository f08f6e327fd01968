#pragma once
// Meridian's own API of a region's metrics, REST-JSON under /meridian/v1/
// (docs/operating/metrics.md), modelled on CloudWatch's GetMetricStatistics and ListMetrics:
//
//   GET metrics?MetricName=Errors&FunctionName=f&Resource=f:live&ExecutedVersion=3
//              &StartTime=2026-11-23T10:42:00Z&EndTime=…&Period=60
//              &Statistics=Sum,Average&ExtendedStatistics=p50,p99.9[&Namespace=AWS/Lambda]
//       {"Label": "Errors", "Since": …, "Datapoints": [{"Timestamp": …, "Unit": "Count",
//        "Sum": 1.0, "SampleCount": 9.0, "ExtendedStatistics": {"p50": …}}]}, oldest first
//   GET metrics/list[?FunctionName=f]
//       {"Since": …, "Metrics": [{"Namespace": …, "MetricName": …, "Dimensions":
//        [{"Name": "FunctionName", "Value": "f"}]}]}
//
// "Since": nothing before that time is known, be it that the server was not running.
//
// Threads: the region's executor.

#include <string_view>

#include "api/authorizer.h"
#include "base/http_message.h"
#include "telemetry/invocation_metrics.h"

namespace meridian::api {

inline constexpr std::string_view kMetricsPath = "/meridian/v1/metrics";

// Needs meridian:GetMetrics or meridian:ListMetrics, of the caller's own account. Errors:
// kUnknownOperation, kAccessDenied, kInvalidParameterValue with what is wrong.
struct MetricsCall {
    telemetry::InvocationMetrics const& metrics;
    Authorizer const& authorizer;
    iam::Authority const& authority;
    auth::Caller const& caller;
    RequestOrigin const& origin;
    WallTime now{};
};
[[nodiscard]] Result<HttpResponse> serve_metrics(MetricsCall const& call,
                                                 HttpRequest const& request);

}  // namespace meridian::api
