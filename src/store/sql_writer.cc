#include "store/sql_writer.h"

#include <algorithm>
#include <vector>

namespace meridian::store {
namespace {

// Statuses and removals: what a power cut undoes of them is done anew.
bool may_come_later(WriteJob const& job) {
    if (std::holds_alternative<WriteJob::PackageRemoval>(job.work)) return true;
    auto const* const commit = std::get_if<WriteJob::Commit>(&job.work);
    return commit != nullptr && commit->transaction.changes.empty() &&
           commit->transaction.packages.empty();
}

}  // namespace

Result<WritePlan> GroupCommit::plan(GroupWriter& writer, WriteJob& job) const {
    if (auto* const commit = std::get_if<WriteJob::Commit>(&job.work)) {
        if (seal_ != nullptr) {
            MERIDIAN_CHECK(seal_->seal(commit->transaction));
        }
        return writer.plan(commit->transaction, commit->now);
    }
    auto& entry = std::get<LogEntry>(job.work);
    if (seal_ != nullptr) {
        MERIDIAN_CHECK(seal_->seal(entry));
    }
    return writer.plan(entry);
}

Result<Result<Sequence>> GroupCommit::run(GroupWriter& writer, WriteJob& job) const {
    if (auto const* const removal = std::get_if<WriteJob::PackageRemoval>(&job.work)) {
        MERIDIAN_CHECK(writer.remove_packages(removal->packages, removal->before));
        return Sequence{0};
    }
    auto const planned = plan(writer, job);
    if (!planned) {
        auto const& error = planned.error();
        bool const refused = error.code == Errc::kConflict || error.code == Errc::kInternal;
        if (refused) return Result<Sequence>(std::unexpected(error));
        return std::unexpected(error);
    }
    MERIDIAN_CHECK(writer.write(*planned));
    return planned->sequence;
}

std::expected<std::vector<Result<Sequence>>, GroupCommit::Failure> GroupCommit::try_to_write(
    std::span<WriteJob> jobs) {
    bool const eventual = std::ranges::all_of(jobs, may_come_later);
    if (auto begun = connection_.begin(eventual ? Durability::kEventual : Durability::kImmediate);
        !begun)
        return std::unexpected(Failure{begun.error()});
    if (index_.in_doubt()) {
        if (auto loaded = index_.load(connection_); !loaded)
            return std::unexpected(Failure{loaded.error()});
    }
    GroupWriter writer(connection_, index_);
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    auto const failed = [&](Error const& error) {
        // Some errors (a full disk while the cache spills, a lost connection) have rolled back
        // everything.
        bool const stands = connection_.in_transaction();
        if (stands) static_cast<void>(connection_.execute("ROLLBACK"));
        return std::unexpected(Failure{{Errc::kIo, error.message, {}}, stands});
    };
    for (auto& job : jobs) {
        auto outcome = run(writer, job);
        if (!outcome) return failed(outcome.error());
        outcomes.push_back(std::move(*outcome));
    }
    if (auto finished = writer.finish(); !finished) return failed(finished.error());
    if (auto committed = connection_.commit(); !committed) {
        if (committed.error().code == Errc::kOutcomeUnknown) index_.doubt();
        return std::unexpected(Failure{committed.error()});
    }
    writer.publish();
    return outcomes;
}

std::vector<Result<Sequence>> GroupCommit::write(std::span<WriteJob> jobs) {
    auto written = try_to_write(jobs);
    if (written) return std::move(*written);
    std::vector<Result<Sequence>> outcomes;
    outcomes.reserve(jobs.size());
    if (written.error().is_one_jobs && jobs.size() > 1) {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            auto alone = write(jobs.subspan(i, 1));
            outcomes.push_back(std::move(alone.front()));
        }
        return outcomes;
    }
    auto const& error = written.error().error;
    log_.write(LogLevel::kError, "the store could not commit",
               {{"error", error.message},
                {"code", std::string(name_of(error.code))},
                {"transactions", std::to_string(jobs.size())}});
    for (std::size_t i = 0; i < jobs.size(); ++i) outcomes.push_back(std::unexpected(error));
    return outcomes;
}

}  // namespace meridian::store
