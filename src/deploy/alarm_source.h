#pragma once
// The seam between rollouts and what measures functions: whether an alarm is on, and whether a
// version got any traffic. cli/ asks the region for it; tests answer as they like.

#include <optional>
#include <string>

#include "base/clock.h"
#include "deploy/service_calls.h"

namespace meridian::deploy {

enum class AlarmState : std::uint8_t { kOk, kAlarm, kInsufficientData };
[[nodiscard]] std::string_view name_of(AlarmState state) noexcept;

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
