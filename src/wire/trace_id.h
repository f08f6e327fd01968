#pragma once
// X-Ray's trace header. Pure; any thread. Source: X-Ray Developer Guide, "Tracing header".

#include <string>

#include "base/clock.h"
#include "base/random.h"

namespace meridian::wire {

// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"
[[nodiscard]] std::string make_trace_header(Random& random, WallTime now);

}  // namespace meridian::wire
