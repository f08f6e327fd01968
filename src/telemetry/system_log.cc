#include "telemetry/system_log.h"

#include <nlohmann/json.hpp>

#include "wire/event_time.h"

namespace meridian::telemetry {

namespace {

using Record = nlohmann::ordered_json;
using Status = InvocationReport::Status;

std::string line(WallTime now, char const* type, Record record) {
    // A function's own error type may be in it.
    return Record{
        {"time", wire::format_iso8601_ms(now)}, {"type", type}, {"record", std::move(record)}}
        .dump(-1, ' ', false, Record::error_handler_t::replace);
}

double log_milliseconds(std::chrono::microseconds duration) {
    return static_cast<double>(duration.count()) / 1000.0;
}

char const* name_of(Status status) {
    switch (status) {
        case Status::kSuccess:
            return "success";
        case Status::kError:
            return "error";
        case Status::kTimeout:
            return "timeout";
    }
    return "?";
}

void put_status(Record& record, Status status, std::string const& error_type) {
    record["status"] = name_of(status);
    if (status == Status::kError) record["errorType"] = error_type;
}

}  // namespace

SystemLog::SystemLog(model::RunnableVersion const& function, bool provisioned)
    : function_name_(function.name.value()),
      version_(function.version.version),
      provisioned_(provisioned),
      json_(function.version.settings.json_logs.has_value()) {
    if (!json_) return;
    auto const& level = function.version.settings.json_logs->system;
    least_ = level == "DEBUG" ? Level::kDebug : level == "WARN" ? Level::kWarn : Level::kInfo;
}

LogLines SystemLog::init_start(WallTime now, std::string const& runtime_version,
                               std::string const& runtime_version_arn) const {
    if (!json_) {
        if (runtime_version.empty()) return {};
        return {init_start_line(runtime_version, runtime_version_arn)};
    }
    if (!shows(runtime_version.empty() ? Level::kDebug : Level::kInfo)) return {};
    Record record = {{"initializationType", provisioned_ ? "provisioned-concurrency" : "on-demand"},
                     {"phase", "init"},
                     {"functionName", function_name_},
                     {"functionVersion", version_.value()}};
    if (!runtime_version.empty()) {
        record["runtimeVersion"] = runtime_version;
        record["runtimeVersionArn"] = runtime_version_arn;
    }
    return {line(now, "platform.initStart", std::move(record))};
}

LogLines SystemLog::init_failed(WallTime now, std::chrono::microseconds duration,
                                bool within_invoke, Status status,
                                std::string const& error_type) const {
    if (!json_) return {init_report_line(duration, within_invoke, status, error_type)};
    Record record = {{"initializationType", provisioned_ ? "provisioned-concurrency" : "on-demand"},
                     {"phase", within_invoke ? "invoke" : "init"}};
    put_status(record, status, error_type);
    record["metrics"] = {{"durationMs", log_milliseconds(duration)}};
    return {line(now, "platform.initReport", std::move(record))};
}

LogLines SystemLog::start(WallTime now, model::RequestId const& id) const {
    if (!json_) return {start_line(id, version_)};
    if (!shows(Level::kInfo)) return {};
    return {
        line(now, "platform.start", {{"requestId", id.value()}, {"version", version_.value()}})};
}

LogLines SystemLog::end(WallTime now, InvocationReport const& report) const {
    if (!json_) return {end_line(report.request_id), report_line(report)};
    bool const failed = report.status != Status::kSuccess;
    LogLines out;
    if (shows(failed ? Level::kWarn : Level::kDebug)) {
        Record record = {{"requestId", report.request_id.value()}};
        put_status(record, report.status, report.error_type);
        record["metrics"] = {{"durationMs", log_milliseconds(report.duration)}};
        out.push_back(line(now, "platform.runtimeDone", std::move(record)));
    }
    if (shows(failed ? Level::kWarn : Level::kInfo)) {
        Record metrics = {{"durationMs", log_milliseconds(report.duration)},
                          {"billedDurationMs", billed_ms(report)},
                          {"memorySizeMB", report.memory_mb}};
        if (report.peak_memory_bytes)
            metrics["maxMemoryUsedMB"] = whole_mb(*report.peak_memory_bytes);
        if (report.init_duration)
            metrics["initDurationMs"] = log_milliseconds(*report.init_duration);
        Record record = {{"requestId", report.request_id.value()}, {"metrics", std::move(metrics)}};
        put_status(record, report.status, report.error_type);
        out.push_back(line(now, "platform.report", std::move(record)));
    }
    return out;
}

}  // namespace meridian::telemetry
