#include "invoke/function_failure.h"

#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "model/limits.h"

namespace meridian::invoke {
namespace {

std::string json_string(std::string const& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FunctionFailure failure(std::string type, std::string const& message) {
    auto body = fmt::format(R"({{"errorType":{},"errorMessage":{}}})", json_string(type),
                            json_string(message));
    return {std::move(type), std::move(body)};
}

// As Go's syscall package names signals: the service's messages are made by it.
std::string_view signal_name(int number) {
    switch (number) {
        case SIGHUP:
            return "hangup";
        case SIGINT:
            return "interrupt";
        case SIGQUIT:
            return "quit";
        case SIGILL:
            return "illegal instruction";
        case SIGTRAP:
            return "trace/breakpoint trap";
        case SIGABRT:
            return "aborted";
        case SIGBUS:
            return "bus error";
        case SIGFPE:
            return "floating point exception";
        case SIGKILL:
            return "killed";
        case SIGUSR1:
            return "user defined signal 1";
        case SIGSEGV:
            return "segmentation fault";
        case SIGUSR2:
            return "user defined signal 2";
        case SIGPIPE:
            return "broken pipe";
        case SIGALRM:
            return "alarm clock";
        case SIGTERM:
            return "terminated";
        case SIGSYS:
            return "bad system call";
        default:
            return {};
    }
}

}  // namespace

FunctionFailure timed_out(model::RequestId const& id, std::chrono::seconds timeout) {
    return failure("Sandbox.Timedout",
                   fmt::format("RequestId: {} Error: Task timed out after {}.00 seconds", id,
                               timeout.count()));
}

FunctionFailure runtime_exited(model::RequestId const& id, sandbox::ExitStatus const& status) {
    using Kind = sandbox::ExitStatus::Kind;
    if (status.out_of_memory) {
        return failure(
            "Runtime.OutOfMemory",
            fmt::format("RequestId: {} Error: Runtime exited with error: signal: killed", id));
    }
    if (status.kind == Kind::kSignaled) {
        auto const name = signal_name(status.value);
        return failure(
            "Runtime.ExitError",
            fmt::format("RequestId: {} Error: Runtime exited with error: signal: {}", id,
                        name.empty() ? std::to_string(status.value) : std::string(name)));
    }
    if (status.kind == Kind::kLaunchFailed) {
        return failure("Runtime.InvalidEntrypoint",
                       fmt::format("RequestId: {} Error: Runtime could not be started: errno {}",
                                   id, status.value));
    }
    if (status.value == 0) {
        return failure(
            "Runtime.ExitError",
            fmt::format("RequestId: {} Error: Runtime exited without providing a reason", id));
    }
    return failure("Runtime.ExitError",
                   fmt::format("RequestId: {} Error: Runtime exited with error: exit status {}", id,
                               status.value));
}

FunctionFailure no_bootstrap(model::RequestId const& id,
                             std::vector<std::string> const& looked_at) {
    return failure("Runtime.InvalidEntrypoint",
                   fmt::format("RequestId: {} Error: Couldn't find valid bootstrap(s): [{}]", id,
                               fmt::join(looked_at, " ")));
}

FunctionFailure response_too_large() {
    return {
        "Function.ResponseSizeTooLarge",
        fmt::format(
            R"({{"errorMessage":"Response payload size exceeded maximum allowed payload size ({} bytes).",)"
            R"("errorType":"Function.ResponseSizeTooLarge"}})",
            model::limits::kInvokeResponseBytesMax)};
}

std::string sanitized_error_type(std::string const& reported) {
    // (Runtime|Function)\.[A-Z][a-zA-Z]+ (runtime interface emulator)
    bool const runtime = reported.starts_with("Runtime.");
    bool const function = reported.starts_with("Function.");
    if (runtime || function) {
        auto const name = std::string_view(reported).substr(reported.find('.') + 1);
        bool good = name.size() >= 2 && name[0] >= 'A' && name[0] <= 'Z';
        for (char const c : name) good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
        if (good) return reported;
    }
    return function ? "Function.Unknown" : "Runtime.Unknown";
}

}  // namespace meridian::invoke
