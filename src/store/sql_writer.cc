#include "store/sql_writer.h"

#include <algorithm>
#include <vector>

#include "store/sql_packages.h"
#include "store/sql_writes.h"

namespace meridian::store {
namespace {

Result<Sequence> run(SqlConnection& connection, WriteJob const& job) {
    if (auto const* commit = std::get_if<WriteJob::Commit>(&job.work)) {
        return write_transaction(connection, commit->transaction, commit->now);
    }
    if (auto const* entry = std::get_if<LogEntry>(&job.work)) {
        return write_entry(connection, *entry);
    }
    auto const& removal = std::get<WriteJob::PackageRemoval>(job.work);
    MERIDIAN_CHECK(delete_packages(connection, removal.packages, removal.before));
    return Sequence{0};
}

// Statuses and removals: what a power cut undoes of them is done anew.
bool may_come_later(WriteJob const& job) {
    if (std::holds_alternative<WriteJob::PackageRemoval>(job.work)) return true;
    auto const* const commit = std::get_if<WriteJob::Commit>(&job.work);
    return commit != nullptr && commit->transaction.changes.empty() &&
           commit->transaction.packages.empty();
}

// Runs one job between savepoints. An error outside is the whole group's; the job's own is inside.
Result<Result<Sequence>> run_in_savepoint(SqlConnection& connection, WriteJob const& job) {
    MERIDIAN_CHECK(connection.execute("SAVEPOINT job"));
    auto outcome = run(connection, job);
    if (!connection.in_transaction()) {
        // Some errors (a full disk while the cache spills, a lost connection) roll back everything.
        return fail(Errc::kIo,
                    outcome ? "the database rolled the transaction back" : outcome.error().message);
    }
    if (!outcome) {
        MERIDIAN_CHECK(connection.execute("ROLLBACK TO job"));
    }
    MERIDIAN_CHECK(connection.execute("RELEASE job"));
    return outcome;
}

Result<std::vector<Result<Sequence>>> run_group(SqlConnection& connection,
                                                std::span<WriteJob> jobs) {
    bool const eventual = std::ranges::all_of(jobs, may_come_later);
    MERIDIAN_CHECK(connection.begin(eventual ? Durability::kEventual : Durability::kImmediate));
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    for (auto const& job : jobs) {
        auto outcome = run_in_savepoint(connection, job);
        if (!outcome) {
            if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
            return fail(Errc::kIo, outcome.error().message);
        }
        outcomes.push_back(std::move(*outcome));
    }
    MERIDIAN_CHECK(connection.commit());
    return outcomes;
}

}  // namespace

void write_group(SqlConnection& connection, std::span<WriteJob> jobs, Log& log) {
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
