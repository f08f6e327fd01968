#pragma once
// The bodies that callers see when a function fails without telling why itself. Key order and texts
// as recorded from the service.

#include <chrono>
#include <string>

#include "invoke/invocation.h"
#include "sandbox/sandbox.h"

namespace meridian::invoke {

struct FunctionFailure {
    std::string type;  // "Runtime.ExitError"
    std::string body;  // JSON
};

[[nodiscard]] FunctionFailure timed_out(model::RequestId const& id, std::chrono::seconds timeout);
[[nodiscard]] FunctionFailure runtime_exited(model::RequestId const& id,
                                             sandbox::ExitStatus const& status);
[[nodiscard]] FunctionFailure no_bootstrap(model::RequestId const& id,
                                           std::vector<std::string> const& looked_at);
[[nodiscard]] FunctionFailure response_too_large();
// Of a type that a runtime reported: what metrics and logs keep of it.
[[nodiscard]] std::string sanitized_error_type(std::string const& reported);

}  // namespace meridian::invoke
