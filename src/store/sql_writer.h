#pragma once
// Group commit: many transactions, one fsync. Each keeps its own result.
//
// Threads: the store's writer thread.

#include <functional>
#include <span>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "store/sql.h"
#include "store/sql_packages.h"
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

// Runs all jobs in one database transaction. An outcome for each.
[[nodiscard]] std::vector<Result<Sequence>> write_group(SqlConnection& connection,
                                                        PackageIndex& index,
                                                        std::span<WriteJob const> jobs, Log& log);

}  // namespace meridian::store
