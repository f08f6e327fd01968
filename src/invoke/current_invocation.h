#pragma once
// What an environment keeps of the invocation that has no answer yet.

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "invoke/function_failure.h"
#include "invoke/invocation.h"
#include "io/one_shot.h"
#include "model/limits.h"
#include "telemetry/log_tail.h"

namespace meridian::invoke {

struct InvocationOutcome {
    std::string payload;
    std::optional<FunctionFailure> failure = {};  // its body is `payload`
    bool timed_out = false;
    std::string log_tail = {};
    std::chrono::microseconds duration{0};
    std::optional<std::chrono::microseconds> init_duration = {};
};

struct CurrentInvocation {
    InvokeRequest request;
    std::string invocation_id;  // of this attempt
    MonotonicTime started{};    // when its time began to count
    bool delivered = false;     // the runtime has it
    bool clock_runs = false;    // its timeout counts
    telemetry::LogTail tail{model::limits::kLogTailBytesMax};
    io::OneShot<InvocationOutcome> outcome;
};

}  // namespace meridian::invoke
