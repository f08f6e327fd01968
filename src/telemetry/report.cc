#include "telemetry/report.h"

#include <fmt/format.h>

namespace meridian::telemetry {
namespace {

double milliseconds(std::chrono::microseconds duration) {
    return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

std::uint64_t billed_ms(InvocationReport const& report) {
    auto const total =
        report.duration + report.init_duration.value_or(std::chrono::microseconds{0});
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(total).count());
}

std::uint64_t whole_mb(std::uint64_t bytes) {
    constexpr std::uint64_t kMb = 1024 * 1024;
    return (bytes + kMb - 1) / kMb;
}

std::string init_start_line(std::string const& runtime_version,
                            std::string const& runtime_version_arn) {
    return fmt::format("INIT_START Runtime Version: {}\tRuntime Version ARN: {}", runtime_version,
                       runtime_version_arn);
}

std::string start_line(model::RequestId const& id, model::Version const& version) {
    return fmt::format("START RequestId: {} Version: {}", id, version);
}

std::string end_line(model::RequestId const& id) { return fmt::format("END RequestId: {}", id); }

std::string report_line(InvocationReport const& report) {
    std::string line = fmt::format(
        "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB",
        report.request_id, milliseconds(report.duration), billed_ms(report), report.memory_mb);
    if (report.peak_memory_bytes) {
        fmt::format_to(std::back_inserter(line), "\tMax Memory Used: {} MB",
                       whole_mb(*report.peak_memory_bytes));
    }
    if (report.init_duration) {
        fmt::format_to(std::back_inserter(line), "\tInit Duration: {:.2f} ms",
                       milliseconds(*report.init_duration));
    }
    line.push_back('\t');
    if (report.status == InvocationReport::Status::kTimeout) line.append("Status: timeout");
    if (report.status == InvocationReport::Status::kError) {
        fmt::format_to(std::back_inserter(line), "Status: error\tError Type: {}",
                       report.error_type);
    }
    return line;
}

std::string init_report_line(std::chrono::microseconds duration, bool within_invoke,
                             InvocationReport::Status status, std::string const& error_type) {
    std::string line = fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: {}\tStatus: ",
                                   milliseconds(duration), within_invoke ? "invoke" : "init");
    if (status == InvocationReport::Status::kTimeout) {
        line.append("timeout");
    } else {
        fmt::format_to(std::back_inserter(line), "error\tError Type: {}", error_type);
    }
    return line;
}

std::string log_stream_name(std::chrono::sys_days day, model::Version const& version,
                            std::string const& environment_hex,
                            std::string const& function_in_custom_group) {
    std::chrono::year_month_day const date{day};
    if (!function_in_custom_group.empty()) {
        return fmt::format("{:04}/{:02}/{:02}/{}[{}][{}]", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           function_in_custom_group, version, environment_hex);
    }
    return fmt::format("{:04}/{:02}/{:02}/[{}]{}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       version, environment_hex);
}

}  // namespace meridian::telemetry
