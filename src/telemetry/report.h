#pragma once
// The platform's own lines around an invocation, as Lambda writes them in text format.
// Source: Developer Guide, "Log formats"; recorded logs for the tabs and the Status fields.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "model/names.h"

namespace meridian::telemetry {

struct InvocationReport {
    model::RequestId request_id;
    std::chrono::microseconds duration{0};
    std::optional<std::chrono::microseconds> init_duration =
        {};  // of the environment's first invocation
    int memory_mb = 0;
    std::optional<std::uint64_t> peak_memory_bytes = {};
    enum class Status { kSuccess, kError, kTimeout };
    Status status = Status::kSuccess;
    std::string error_type = {};  // with kError
};

// Duration and init together, rounded up to a whole millisecond (billed init since 2025-08-01).
[[nodiscard]] std::uint64_t billed_ms(InvocationReport const& report);

// Rounded up.
[[nodiscard]] std::uint64_t whole_mb(std::uint64_t bytes);

[[nodiscard]] std::string init_start_line(std::string const& runtime_version,
                                          std::string const& runtime_version_arn);
[[nodiscard]] std::string start_line(model::RequestId const& id, model::Version const& version);
[[nodiscard]] std::string end_line(model::RequestId const& id);
[[nodiscard]] std::string report_line(InvocationReport const& report);
// Of an Init phase that failed: status "timeout" or "error".
[[nodiscard]] std::string init_report_line(std::chrono::microseconds duration, bool within_invoke,
                                           InvocationReport::Status status,
                                           std::string const& error_type);

// "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"; in a log group that its owner chose (and
// that several functions may share) "2026/11/23/name[$LATEST][0123456789abcdef0123456789abcdef]".
[[nodiscard]] std::string log_stream_name(std::chrono::sys_days day, model::Version const& version,
                                          std::string const& environment_hex,
                                          std::string const& function_in_custom_group = {});

}  // namespace meridian::telemetry
