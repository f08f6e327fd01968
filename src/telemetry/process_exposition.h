#pragma once
// This process as Prometheus's client libraries name it (process_cpu_seconds_total,
// process_resident_memory_bytes, …), and what it is: meridian_build_info. Reads /proc; what is not
// there is left out.

#include <string_view>

#include "base/clock.h"
#include "telemetry/prometheus_text.h"

namespace meridian::telemetry {

void expose_process(std::string_view version, WallTime started, PrometheusText& out);

}  // namespace meridian::telemetry
