#pragma once
// The seam between rollouts and what measures functions: whether an alarm is on, and whether a
// version got any traffic. region_alarms.h asks the
// region; tests answer as they like.

#include <optional>
#include <string>

#include "base/clock.h"
#include "deploy/alarm.h"
#include "deploy/service_calls.h"

namespace meridian::deploy {

class AlarmSource {
  public:
    virtual ~AlarmSource() = default;
    // `alarm` is an AWS::CloudWatch::Alarm's canonical properties. kNotImplemented where the
    // region keeps no metrics.
    virtual io::Task<AlarmState> evaluate(ServiceCalls& calls, nlohmann::json alarm) = 0;
    // How often a version was invoked through `alias` since then; nothing: the region does not
    // know.
    virtual io::Task<std::optional<std::uint64_t>> invocations(ServiceCalls& calls,
                                                               std::string function,
                                                               std::string alias,
                                                               std::string version,
                                                               WallTime since) = 0;
};

}  // namespace meridian::deploy
