#pragma once
// `meridian rollout list|show|watch|abort|resume` and `meridian stack list|show|drift|delete`.
//
// `regions` are those to ask; an execution's own are found in its record. Threads: the caller's
// executor.

#include <string>
#include <vector>

#include "cli/deploy_session.h"

namespace meridian::cli {

io::Task<> list_rollouts(DeployTools tools, std::vector<std::string> regions);
io::Task<> show_rollout(DeployTools tools, std::vector<std::string> regions, std::string id);
// Until it is over: a line whenever something has changed.
io::Task<> watch_rollout(DeployTools tools, std::vector<std::string> regions, std::string id);
// Tells its driver to go back. Where none is alive, does it itself.
io::Task<> abort_rollout(DeployTools tools, std::vector<std::string> regions, std::string id);
// Finishes what another driver left. kResourceConflict while that one is alive.
io::Task<> resume_rollout(DeployTools tools, std::vector<std::string> regions, std::string id);

io::Task<> list_stacks(DeployTools tools, std::vector<std::string> regions);
io::Task<> show_stack(DeployTools tools, std::vector<std::string> regions, std::string name);
// kResourceConflict, after it was shown, where something was changed by hand.
io::Task<> show_drift(DeployTools tools, std::vector<std::string> regions, std::string name);
struct DeleteOptions {
    bool yes = false;
    bool dry_run = false;
};
io::Task<> delete_stack(DeployTools tools, std::vector<std::string> regions, std::string name,
                        DeleteOptions options);

}  // namespace meridian::cli
