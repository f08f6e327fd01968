#pragma once
// Group commit: many transactions of the store in one of the database, one fsync for all. Each
// keeps its own result: a conflict harms nobody else.
//
// Threads: the store's writer thread.

#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/sql_connection.h"
#include "store/store.h"

namespace meridian::store {

struct WriteJob {
    struct Commit {
        Transaction transaction;
        WallTime now;
    };
    std::variant<Commit, LogEntry> work;
    // Called once, on the writer thread, when the outcome is durable.
    std::move_only_function<void(Result<Sequence>)> complete;
};

// How a database commits a group.
class GroupWriter {
  public:
    virtual ~GroupWriter() = default;
    // Runs all jobs in one database transaction, which is durable when this returns, and says what
    // became of each. An error is that of all of them: kOutcomeUnknown if they may have been
    // written, any other if they surely were not.
    virtual Result<std::vector<Result<Sequence>>> write(std::span<WriteJob const> jobs) = 0;
};

// Runs each job in a savepoint of the transaction that is open. An error is the whole group's,
// which must be rolled back; a job's own is inside.
Result<std::vector<Result<Sequence>>> run_jobs(SqlConnection& connection,
                                               std::span<WriteJob const> jobs);

// Writes the group and completes each job.
void write_group(GroupWriter& writer, std::span<WriteJob> jobs, Log& log);

}  // namespace meridian::store
