#pragma once
// One invocation: what is asked and how it ended. A function that failed is an outcome; a service
// that could not run it is an Error.

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
};

}  // namespace meridian::invoke
