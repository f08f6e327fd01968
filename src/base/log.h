#pragma once
// The seam for the programs' own log: one line an event, a message and named fields. telemetry/
// implements it; tests collect it.

#include <initializer_list>
#include <string>
#include <string_view>

namespace meridian {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
    std::string_view name;
    std::string value;  // never a secret
};

class Log {
  public:
    virtual ~Log() = default;
    // Thread-safe; never blocks on more than a write to standard error.
    virtual void write(LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields = {}) = 0;
};

// Drops everything.
class NullLog final : public Log {
  public:
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace meridian
