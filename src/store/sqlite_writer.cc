#include "store/sqlite_writer.h"

#include <vector>

#include <sqlite3.h>

#include "store/sqlite_writes.h"

namespace meridian::store {
namespace {

Result<Sequence> run(SqliteConnection& connection, WriteJob const& job) {
    if (auto const* commit = std::get_if<WriteJob::Commit>(&job.work)) {
        return write_transaction(connection, commit->transaction, commit->now);
    }
    return write_entry(connection, std::get<LogEntry>(job.work));
}

// Runs one job between savepoints. An error outside is the whole group's; the job's own is inside.
Result<Result<Sequence>> run_in_savepoint(SqliteConnection& connection, WriteJob const& job) {
    MERIDIAN_CHECK(connection.execute("SAVEPOINT job"));
    auto outcome = run(connection, job);
    if (connection.autocommit()) {
        // Some errors (a full disk while the cache spills) roll back everything.
        return fail(Errc::kIo,
                    outcome ? "SQLite: the transaction was rolled back" : outcome.error().message);
    }
    if (!outcome) {
        MERIDIAN_CHECK(connection.execute("ROLLBACK TO job"));
    }
    MERIDIAN_CHECK(connection.execute("RELEASE job"));
    return outcome;
}

// Whether a COMMIT that failed with this code surely left nothing behind. After an I/O error the
// commit's frames may be in the log file, and a crash now would bring them back.
bool surely_not_written(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_BUSY:
        case SQLITE_NOMEM:
        case SQLITE_CONSTRAINT:
        case SQLITE_READONLY:
            return true;
        default:
            return false;
    }
}

Result<void> commit_group(SqliteConnection& connection) {
    auto committed = connection.execute("COMMIT");
    if (committed) return {};
    int const code = connection.last_code();
    bool const open = !connection.autocommit();
    bool const undone = !open || connection.execute("ROLLBACK").has_value();
    if (surely_not_written(code) && undone) return fail(Errc::kIo, committed.error().message);
    return fail(Errc::kOutcomeUnknown, committed.error().message);
}

Result<std::vector<Result<Sequence>>> run_group(SqliteConnection& connection,
                                                std::span<WriteJob> jobs) {
    MERIDIAN_CHECK(connection.execute("BEGIN IMMEDIATE"));
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    for (auto const& job : jobs) {
        auto outcome = run_in_savepoint(connection, job);
        if (!outcome) {
            if (!connection.autocommit()) static_cast<void>(connection.execute("ROLLBACK"));
            return fail(Errc::kIo, outcome.error().message);
        }
        outcomes.push_back(std::move(*outcome));
    }
    MERIDIAN_CHECK(commit_group(connection));
    return outcomes;
}

}  // namespace

void write_group(SqliteConnection& connection, std::span<WriteJob> jobs, Log& log) {
    // A group that could not be undone must not leak into this one.
    if (!connection.autocommit()) static_cast<void>(connection.execute("ROLLBACK"));
    auto outcomes = run_group(connection, jobs);
    if (!outcomes) {
        log.write(LogLevel::kError, "the store could not commit",
                  {{"error", outcomes.error().message},
                   {"code", std::string(name_of(outcomes.error().code))},
                   {"transactions", std::to_string(jobs.size())}});
        for (auto& job : jobs) job.complete(std::unexpected(outcomes.error()));
        return;
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].complete(std::move((*outcomes)[i]));
}

}  // namespace meridian::store
