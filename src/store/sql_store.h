#pragma once
// A Store over a relational database (docs/formats/store.md), whichever it is, with its packages:
// SqliteStore and PostgresStore open one.
//
// One writer thread commits in groups: it takes what is queued, plans each transaction before
// it writes (a conflict harms nobody else) and ends with one COMMIT, one fsync for all.
// Reader threads have connections of their own and see everything that was acknowledged before they
// began.
//
// Threads: as store.h. The executors of its callers must outlive the store: main destroys the store
// first, which finishes what is queued.

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/record_seal.h"
#include "store/sql.h"
#include "store/sql_packages.h"
#include "store/store.h"

namespace meridian::store {

// Reads and writes that wait, each; beyond it calls are refused with kUnavailable.
inline constexpr std::size_t kStoreQueueMax = 4'096;
inline constexpr std::size_t kStoreReaders = 2;

class SqlStore : public Store, public PackageTable {
  public:
    struct Parts {
        // Connections to a database that has been migrated.
        std::unique_ptr<SqlConnection> writer;
        std::vector<std::unique_ptr<SqlConnection>> readers;
        std::unique_ptr<PackageIndex> index;  // loaded
        // Outlives the store; null: values stand in the database as they are.
        RecordSeal const* seal = nullptr;
    };
    SqlStore(Parts parts, Clock const& clock, Log& log, std::size_t queue_max);
    // Finishes what is queued, closes.
    ~SqlStore() override;
    SqlStore(SqlStore const&) = delete;
    SqlStore& operator=(SqlStore const&) = delete;

    io::Task<std::optional<Record>> get(Key key) override;
    io::Task<std::optional<nlohmann::json>> epitaph(Key key) override;
    io::Task<std::vector<Record>> scan(Scan scan) override;
    io::Task<std::vector<Record>> scan_all(Kind kind) override;
    io::Task<std::uint64_t> count(model::AccountId account, Kind kind) override;
    io::Task<Sequence> commit(Transaction transaction) override;
    io::Task<std::vector<LogEntry>> read_log(LogName log, Sequence after,
                                             std::size_t limit) override;
    io::Task<Sequence> last_sequence(LogName log) override;
    io::Task<> apply(LogEntry entry) override;

    io::Task<std::optional<std::string>> get_package(model::CodeSha256 sha256) override;
    io::Task<std::vector<model::CodeSha256>> old_packages(WallTime before) override;
    io::Task<> remove_packages(std::vector<model::CodeSha256> packages, WallTime before) override;

  private:
    struct State;
    template <typename Read>
    auto on_reader(Read read) -> asio::awaitable<std::invoke_result_t<Read, SqlConnection&>>;

    std::unique_ptr<State> state_;
};

}  // namespace meridian::store
