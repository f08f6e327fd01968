#pragma once
// What one execution environment offers to the runtime inside it. invoke/ implements it; tests fake
// it.
//
// Threads: the environment's executor.

#include <string>

#include "io/task.h"
#include "model/names.h"

namespace meridian::runtime_api {

// One event as the runtime receives it from GET /next.
struct InvocationEvent {
    model::RequestId request_id;
    std::int64_t deadline_epoch_ms = 0;
    std::string invoked_function_arn;
    std::string trace_id;
    std::string client_context;  // decoded JSON; empty: no header
    std::string invocation_id;   // unique per attempt
    std::string payload;         // byte for byte what the caller sent
};

// What a runtime reports of a failure. `body` reaches the caller verbatim.
struct ReportedError {
    std::string type;  // Lambda-Runtime-Function-Error-Type; may be empty
    std::string body;
};

// Why a call is refused; each has its own HTTP answer.
enum class Refusal { kInvalidState, kInvalidRequestId, kInvalidInvocationId };

template <typename T>
using Answer = std::expected<T, Refusal>;

class RuntimeHost {
  public:
    virtual ~RuntimeHost() = default;
    // Completes when there is an event. kCancelled when the environment ends meanwhile.
    [[nodiscard]] virtual asio::awaitable<Answer<Result<InvocationEvent>>> next() = 0;
    [[nodiscard]] virtual Answer<void> respond(std::string_view request_id,
                                               std::string_view invocation_id,
                                               std::string payload) = 0;
    // The response was longer than the limit and is not here.
    [[nodiscard]] virtual Answer<void> respond_too_large(std::string_view request_id,
                                                         std::string_view invocation_id) = 0;
    [[nodiscard]] virtual Answer<void> fail_invocation(std::string_view request_id,
                                                       std::string_view invocation_id,
                                                       ReportedError error) = 0;
    [[nodiscard]] virtual Answer<void> fail_init(ReportedError error) = 0;
    // The name of the state, for error texts: "Ready", "Running".
    [[nodiscard]] virtual std::string_view state_name() const = 0;
};

}  // namespace meridian::runtime_api
