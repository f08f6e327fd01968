#pragma once
// Copies of a region's vault on git remotes, sent by git itself: whatever it can push to (file,
// ssh, https) can hold one.
//
// Threads: the executor's; the work is a child process's.

#include <filesystem>
#include <string>

#include "io/task.h"

namespace meridian::bin {

// History, baselines and proofs, as they are now; baselines that the vault no longer has go there,
// too. A folder that is not there yet is made. Errors: kUnavailable with what git said; a history
// that is another one is never overwritten.
io::Task<> push_vault(std::filesystem::path vault, std::string copy);

}  // namespace meridian::bin
