#pragma once
// `meridian deploy`: a template to regions, in waves.
//
// Threads: the caller's executor. Errors: those of the engine; kResourceConflict for an execution
// that did not succeed.

#include <map>
#include <string>
#include <vector>

#include "cli/deploy_session.h"

namespace meridian::cli {

struct DeployOptions {
    std::string source;  // template folder or file, or a place in git
    std::string stack;   // empty: named after the folder
    std::vector<std::string> regions;
    std::string waves;                    // "a;b,c"; empty: all at once
    std::vector<std::string> parameters;  // "K=V"
    std::uint64_t bake_seconds = 0;
    bool dry_run = false;
    bool drift = false;  // only says what was changed by hand
    bool yes = false;
    bool ignore_foreign = false;
    bool roll_back_earlier_waves = false;
};
io::Task<> deploy_template(DeployTools tools, DeployOptions options);

}  // namespace meridian::cli
