#pragma once
// Group commit: many transactions, one fsync. Each keeps its own result.
//
// Threads: the store's writer thread.

#include <functional>
#include <span>
#include <variant>

#include "base/clock.h"
#include "base/log.h"
#include "store/sql.h"
#include "store/store.h"

namespace meridian::store {

struct WriteJob {
    struct Commit {
        Transaction transaction;
        WallTime now;
    };
    struct PackageRemoval {
        std::vector<model::CodeSha256> packages;
        WallTime before;
    };
    using Work = std::variant<Commit, LogEntry, PackageRemoval>;
    Work work;
    // Called once, on the writer thread, when the outcome is durable.
    std::move_only_function<void(Result<Sequence>)> complete;
};

// Runs all jobs in one database transaction and completes each of them.
void write_group(SqlConnection& connection, std::span<WriteJob> jobs, Log& log);

}  // namespace meridian::store
