#pragma once
// Copies of a region's vault on git remotes, sent by git itself: whatever it can push to (file,
// ssh, https) can hold one. What it needs to know of the server is in the copy (copy_access.h).
//
// Threads: the executor's; the work is a child process's.

#include <chrono>
#include <filesystem>
#include <memory>

#include "io/blocking_pool.h"
#include "io/task.h"
#include "vault/backup_plan.h"

namespace meridian::bin {

// History, baselines and proofs, as they are now; baselines that the vault no longer has go there,
// too. A folder that is not there yet is made. Errors: kUnavailable with what git said; a history
// that is another one is never overwritten.
// A remote that hangs does not take longer than `time_max`.
io::Task<> push_vault(std::filesystem::path vault, vault::BackupCopy copy,
                      std::chrono::milliseconds time_max);

// Everything that a copy has, as a bare repository at `into`, where nothing else may be: git reads
// and compares every object on the way. It is removed, in `pool`, when the last owner of the path
// goes. Errors: kUnavailable with what git said, kIo.
io::Task<std::shared_ptr<std::filesystem::path const>> fetch_copy(
    vault::BackupCopy copy, std::filesystem::path into, std::chrono::milliseconds time_max,
    io::BlockingPool& pool);

}  // namespace meridian::bin
