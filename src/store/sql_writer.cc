#include "store/sql_writer.h"

#include <algorithm>
#include <vector>

#include "store/sql_writes.h"

namespace meridian::store {
namespace {

// Statuses and removals: what a power cut undoes of them is done anew.
bool may_come_later(WriteJob const& job) {
    if (std::holds_alternative<WriteJob::PackageRemoval>(job.work)) return true;
    auto const* const commit = std::get_if<WriteJob::Commit>(&job.work);
    return commit != nullptr && commit->transaction.changes.empty() &&
           commit->transaction.packages.empty();
}

// The job's own error is inside, what is the group's outside.
Result<Result<Sequence>> run(GroupWriter& writer, WriteJob const& job) {
    if (auto const* const removal = std::get_if<WriteJob::PackageRemoval>(&job.work)) {
        MERIDIAN_CHECK(writer.remove_packages(removal->packages, removal->before));
        return Sequence{0};
    }
    auto const* const commit = std::get_if<WriteJob::Commit>(&job.work);
    auto const plan = commit != nullptr ? writer.plan(commit->transaction, commit->now)
                                        : writer.plan(std::get<LogEntry>(job.work));
    if (!plan) {
        bool const refused =
            plan.error().code == Errc::kConflict || plan.error().code == Errc::kInternal;
        if (refused) return Result<Sequence>(std::unexpected(plan.error()));
        return std::unexpected(plan.error());
    }
    MERIDIAN_CHECK(writer.write(*plan));
    return plan->sequence;
}

struct GroupFailure {
    Error error;
    // The database has refused one job's words and stands: the others may be right.
    bool is_one_jobs = false;
};

std::expected<std::vector<Result<Sequence>>, GroupFailure> run_group(
    SqlConnection& connection, PackageIndex& index, std::span<WriteJob const> jobs) {
    bool const eventual = std::ranges::all_of(jobs, may_come_later);
    if (auto begun = connection.begin(eventual ? Durability::kEventual : Durability::kImmediate);
        !begun)
        return std::unexpected(GroupFailure{begun.error()});
    if (index.in_doubt()) {
        if (auto loaded = index.load(connection); !loaded)
            return std::unexpected(GroupFailure{loaded.error()});
    }
    GroupWriter writer(connection, index);
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    auto const failed = [&](Error const& error) {
        // Some errors (a full disk while the cache spills, a lost connection) have rolled back
        // everything.
        bool const stands = connection.in_transaction();
        if (stands) static_cast<void>(connection.execute("ROLLBACK"));
        return std::unexpected(GroupFailure{{Errc::kIo, error.message, {}}, stands});
    };
    for (auto const& job : jobs) {
        auto outcome = run(writer, job);
        if (!outcome) return failed(outcome.error());
        outcomes.push_back(std::move(*outcome));
    }
    if (auto finished = writer.finish(); !finished) return failed(finished.error());
    if (auto committed = connection.commit(); !committed) {
        if (committed.error().code == Errc::kOutcomeUnknown) index.doubt();
        return std::unexpected(GroupFailure{committed.error()});
    }
    writer.publish();
    return outcomes;
}

}  // namespace

std::vector<Result<Sequence>> write_group(SqlConnection& connection, PackageIndex& index,
                                          std::span<WriteJob const> jobs, Log& log) {
    auto written = run_group(connection, index, jobs);
    if (written) return std::move(*written);
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    if (written.error().is_one_jobs && jobs.size() > 1) {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            auto alone = write_group(connection, index, jobs.subspan(i, 1), log);
            outcomes.push_back(std::move(alone.front()));
        }
        return outcomes;
    }
    auto const& error = written.error().error;
    log.write(LogLevel::kError, "the store could not commit",
              {{"error", error.message},
               {"code", std::string(name_of(error.code))},
               {"transactions", std::to_string(jobs.size())}});
    for (std::size_t i = 0; i < jobs.size(); ++i) outcomes.push_back(std::unexpected(error));
    return outcomes;
}

}  // namespace meridian::store
