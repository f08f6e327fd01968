#pragma once
// The platform's own events of one environment as lines of its log: in Lambda's text format, or as
// JSON records at the function's SystemLogLevel. Source: Developer Guide, "Telemetry API event
// schema" and "Log-level filtering"; recorded logs for the text. Immutable; any thread.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/runnable.h"
#include "telemetry/report.h"

namespace meridian::telemetry {

using LogLines = std::vector<std::string>;

class SystemLog {
  public:
    SystemLog(model::RunnableVersion const& function, bool provisioned);

    // Each gives the lines that the format and the level ask for; none if they ask for none.
    // Without a runtime version in text there is nothing to say.
    [[nodiscard]] LogLines init_start(WallTime now, std::string const& runtime_version,
                                      std::string const& runtime_version_arn) const;
    // An Init phase that failed.
    [[nodiscard]] LogLines init_failed(WallTime now, std::chrono::microseconds duration,
                                       bool within_invoke, InvocationReport::Status status,
                                       std::string const& error_type) const;
    [[nodiscard]] LogLines start(WallTime now, model::RequestId const& id) const;
    [[nodiscard]] LogLines end(WallTime now, InvocationReport const& report) const;

  private:
    enum class Level { kDebug, kInfo, kWarn };
    [[nodiscard]] bool shows(Level level) const { return level >= least_; }

    std::string function_name_;
    model::Version version_;
    bool provisioned_;
    bool json_;
    Level least_ = Level::kDebug;
};

}  // namespace meridian::telemetry
