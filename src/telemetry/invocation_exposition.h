#pragma once
// Lambda's metrics of several regions as Prometheus's families, since the process started:
//
//   meridian_lambda_invocations_total{region,account,function,resource,executed_version}
//   …_errors_total, …_throttles_total, …_cold_starts_total, …_billed_gb_seconds_total,
//   …_provisioned_invocations_total, …_spillover_invocations_total,
//   …_init_duration_seconds_total, …_duration_seconds (a histogram)
//   meridian_lambda_concurrent_executions{region,account,function,resource}: now
//
// Pure; the metrics' executor.

#include <string>
#include <vector>

#include "telemetry/invocation_metrics.h"
#include "telemetry/prometheus_text.h"

namespace meridian::telemetry {

struct ExposedRegion {
    model::RegionName name;
    InvocationMetrics const& metrics;
};

void expose_invocations(std::vector<ExposedRegion> const& regions, PrometheusText& out);

}  // namespace meridian::telemetry
