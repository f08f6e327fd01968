#pragma once
// Group commit: many transactions, one fsync. Each keeps its own result.
//
// Threads: the store's writer thread.

#include <expected>
#include <functional>
#include <span>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "store/record_seal.h"
#include "store/sql.h"
#include "store/sql_packages.h"
#include "store/sql_writes.h"
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
    // Called once, on `executor`, when the outcome is durable.
    std::move_only_function<void(Result<Sequence>)> complete;
    asio::any_io_executor executor = {};
};

class GroupCommit {
  public:
    // `seal` may be null: values stand in the database as they are.
    GroupCommit(SqlConnection& connection, PackageIndex& index, RecordSeal const* seal, Log& log)
        : connection_(connection), index_(index), seal_(seal), log_(log) {}

    // Runs all jobs in one database transaction. An outcome for each. Their values are sealed.
    [[nodiscard]] std::vector<Result<Sequence>> write(std::span<WriteJob> jobs);

  private:
    struct Failure {
        Error error;
        // The database has refused one job's words and stands: the others may be right.
        bool is_one_jobs = false;
    };
    std::expected<std::vector<Result<Sequence>>, Failure> try_to_write(std::span<WriteJob> jobs);
    Result<WritePlan> plan(GroupWriter& writer, WriteJob& job) const;
    // The job's own error is inside, what is the group's outside.
    Result<Result<Sequence>> run(GroupWriter& writer, WriteJob& job) const;

    SqlConnection& connection_;
    PackageIndex& index_;
    RecordSeal const* const seal_;
    Log& log_;
};

}  // namespace meridian::store
