#pragma once
// AlarmSource from the metrics that a region keeps (GET /meridian/v1/metrics).
//
// Threads: the owner's executor. `clock` outlives it.

#include <map>
#include <string>

#include "deploy/alarm_source.h"

namespace meridian::deploy {

class RegionAlarms final : public AlarmSource {
  public:
    explicit RegionAlarms(Clock const& clock) : clock_(clock) {}

    io::Task<AlarmState> evaluate(ServiceCalls& calls, nlohmann::json alarm) override;
    io::Task<std::optional<std::uint64_t>> invocations(ServiceCalls& calls, std::string function,
                                                       std::string alias, std::string version,
                                                       WallTime since) override;

  private:
    Clock const& clock_;
    // By region and name: what "ignore" keeps.
    std::map<std::string, AlarmState> before_;
};

}  // namespace meridian::deploy
