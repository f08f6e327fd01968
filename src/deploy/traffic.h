#pragma once
// How traffic goes to a new version: CodeDeploy's deployment configurations by their names, SAM's
// short ones, and others of the same form ("Canary25Percent30Seconds"). Pure; any thread.
// Source: CodeDeploy User Guide, "Deployment configurations on an AWS Lambda compute platform".

#include <chrono>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meridian::deploy {

struct TrafficStep {
    int percent = 100;              // of the traffic, to the new version
    std::chrono::seconds stays{0};  // before the next step

    bool operator==(TrafficStep const&) const = default;
};

// CodeDeploy's longest.
inline constexpr std::chrono::hours kShiftLongest{48};

// "AllAtOnce", "Canary10Percent5Minutes", "CodeDeployDefault.LambdaLinear10PercentEvery1Minute", …
// The last step is 100 percent. kInvalidParameterValue.
[[nodiscard]] Result<std::vector<TrafficStep>> parse_traffic_shift(std::string_view type);

// From the first step to the last.
[[nodiscard]] std::chrono::seconds duration_of(std::vector<TrafficStep> const& steps);

}  // namespace meridian::deploy
