#pragma once
// CloudWatch's own API as far as Lambda's metrics need it: GetMetricStatistics, GetMetricData of
// plain metrics, ListMetrics; in the AWS JSON 1.0 protocol, which botocore (boto3, the AWS CLI)
// speaks. Every other operation, protocol and parameter with an effect is refused by name. Source:
// botocore's model of cloudwatch 2010-08-01; CloudWatch API Reference.
//
// Threads: the region's executor.

#include <string_view>

#include "api/metrics_actions.h"
#include "model/names.h"

namespace meridian::api {

// In a request's credential scope.
inline constexpr std::string_view kCloudWatchService = "monitoring";

// The answer, errors included, in CloudWatch's form. Needs cloudwatch:GetMetricStatistics and so
// on.
[[nodiscard]] HttpResponse serve_cloudwatch(MetricsCall const& call, HttpRequest const& request,
                                            model::RequestId const& request_id);
// What the front could not let in.
[[nodiscard]] HttpResponse cloudwatch_error(Error const& error, model::RequestId const& request_id);

}  // namespace meridian::api
