#pragma once
// What a build runs in its sandbox, as `sam build` would: a POSIX shell script a method, with what
// varies as its arguments, and an environment that holds nothing worth stealing.
//
// Pure; any thread.

#include <map>
#include <string>
#include <vector>

#include "builds/build.h"

namespace meridian::builds {

// argv of the step.
[[nodiscard]] std::vector<std::string> step_command(BuildRequest const& request);
// argv of what follows in the same sandbox, when every process of the step is dead: writes the
// artifacts as a tar on sandbox::kTelemetryFd.
[[nodiscard]] std::vector<std::string> collect_command();

struct StepEnvironment {
    std::map<std::string, std::string> bundle = {};  // the runtime's; PATH and the like are taken
    // Variables of the operator's, which win: mirrors of registries.
    std::map<std::string, std::string> extra = {};
    std::string proxy = {};  // URL of what leads to the registries; empty: there is none
};
// "NAME=value", sorted.
[[nodiscard]] std::vector<std::string> step_environment(StepEnvironment const& from);

}  // namespace meridian::builds
