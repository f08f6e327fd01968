#pragma once
// The Store over one SQLite file (docs/formats/store.md), in WAL mode with synchronous=FULL.
//
// One writer thread commits in groups: it takes what is queued, runs each transaction in a
// savepoint of its own (a conflict harms nobody else) and ends with one COMMIT, one fsync for all.
// Two reader threads have connections of their own and see everything that was acknowledged before
// they began.
//
// Threads: as store.h. The executors of its callers must outlive the store: main destroys the store
// first, which finishes what is queued.

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "store/store.h"

namespace meridian::store {

struct SqliteStoreOptions {
    std::filesystem::path path;
    // Reads and writes that wait, each; beyond it calls are refused with kUnavailable.
    std::size_t queue_max = 4096;
};

class SqliteStore final : public Store {
  public:
    // Creates the file (its directory must exist) or brings an older one up to date. Blocks.
    // Errors: kIo; kCorrupt if the file is damaged, another program's, or a newer version's.
    static Result<std::unique_ptr<SqliteStore>> open(SqliteStoreOptions const& options,
                                                     Clock const& clock, Log& log);
    // Finishes what is queued, closes.
    ~SqliteStore() override;
    SqliteStore(SqliteStore const&) = delete;
    SqliteStore& operator=(SqliteStore const&) = delete;

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

  private:
    struct State;
    explicit SqliteStore(std::unique_ptr<State> state);
    template <typename Read>
    auto on_reader(Read read)
        -> asio::awaitable<std::invoke_result_t<Read, class SqliteConnection&>>;

    std::unique_ptr<State> state_;
};

}  // namespace meridian::store
