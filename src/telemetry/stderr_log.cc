#include "telemetry/stderr_log.h"

#include <cstdio>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace meridian::telemetry {
namespace {

constexpr std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return "debug";
        case LogLevel::kInfo:
            return "info";
        case LogLevel::kWarn:
            return "warn";
        case LogLevel::kError:
            return "error";
    }
    return "?";
}

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

void StderrLog::write(LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
    if (level < minimum_) return;
    auto const now = clock_.wall_now();
    auto const millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} ",
                                   fmt::gmtime(std::chrono::system_clock::to_time_t(
                                       std::chrono::floor<std::chrono::seconds>(now))),
                                   millis, name_of(level));
    append_quoted(line, message);
    for (auto const& field : fields) {
        line.append(" ").append(field.name).append("=");
        append_quoted(line, field.value);
    }
    line.push_back('\n');
    std::lock_guard lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace meridian::telemetry
