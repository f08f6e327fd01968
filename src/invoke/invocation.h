#pragma once
// One invocation: what is asked and how it ended. A function that failed is an outcome; a service
// that could not run it is an Error.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "model/names.h"

namespace meridian::invoke {

struct InvokeRequest {
    model::AccountId account;
    model::FunctionName name;
    model::Qualifier qualifier;  // empty: $LATEST
    model::RequestId request_id;
    std::string invoked_arn;  // as the caller addressed the function
    std::string payload;
    std::string client_context;  // decoded JSON, or empty
    std::string trace_id;        // of the caller, or empty: one is made
    bool log_tail = false;
};

struct FunctionError {
    std::string type;  // "Runtime.ExitError"; the body has it too
};

struct InvokeResult {
    std::string payload;                          // the runtime's answer or the error's JSON
    std::optional<FunctionError> function_error;  // X-Amz-Function-Error: Unhandled
    model::Version executed_version;
    std::string log_tail;  // if asked for
    std::chrono::microseconds duration{0};
    // Of the Init phase that the environment did before its first invocation; that one has it.
    std::optional<std::chrono::microseconds> init_duration = {};
    bool cold_start = false;  // the environment was initialised for this invocation
};

}  // namespace meridian::invoke
