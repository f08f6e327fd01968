#include "store/group_commit.h"

#include "store/sql_writes.h"

namespace meridian::store {
namespace {

Result<Sequence> run(SqlConnection& connection, WriteJob const& job) {
    if (auto const* commit = std::get_if<WriteJob::Commit>(&job.work)) {
        return write_transaction(connection, commit->transaction, commit->now);
    }
    return write_entry(connection, std::get<LogEntry>(job.work));
}

Result<Result<Sequence>> run_in_savepoint(SqlConnection& connection, WriteJob const& job) {
    MERIDIAN_CHECK(connection.execute("SAVEPOINT job"));
    auto outcome = run(connection, job);
    if (connection.autocommit()) {
        // Some errors (a full disk while SQLite's cache spills) roll back everything.
        return fail(Errc::kIo,
                    outcome ? "The transaction was rolled back." : outcome.error().message);
    }
    if (!outcome) {
        MERIDIAN_CHECK(connection.execute("ROLLBACK TO job"));
    }
    MERIDIAN_CHECK(connection.execute("RELEASE job"));
    return outcome;
}

}  // namespace

Result<std::vector<Result<Sequence>>> run_jobs(SqlConnection& connection,
                                               std::span<WriteJob const> jobs) {
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    for (auto const& job : jobs) {
        auto outcome = run_in_savepoint(connection, job);
        if (!outcome) return fail(Errc::kIo, outcome.error().message);
        outcomes.push_back(std::move(*outcome));
    }
    return outcomes;
}

void write_group(GroupWriter& writer, std::span<WriteJob> jobs, Log& log) {
    auto outcomes = writer.write(jobs);
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
