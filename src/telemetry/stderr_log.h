#pragma once
// The programs' own log: one logfmt line an event on standard error.

#include <mutex>

#include "base/clock.h"
#include "base/log.h"

namespace meridian::telemetry {

class StderrLog final : public Log {
  public:
    StderrLog(Clock const& clock, LogLevel minimum) : clock_(clock), minimum_(minimum) {}
    void write(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) override;

  private:
    Clock const& clock_;
    LogLevel minimum_;
    std::mutex mutex_;  // keeps lines whole
};

}  // namespace meridian::telemetry
