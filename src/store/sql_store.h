#pragma once
// What the stores over an SQL database have in common: the queues between their callers and their
// threads. One writer thread commits in groups; reader threads have connections of their own and
// see everything that was acknowledged before they began.
//
// Threads: as store.h. The executors of its callers must outlive the store: main destroys the store
// first, which finishes what is queued.

#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/group_commit.h"
#include "store/sql_connection.h"
#include "store/store.h"

namespace meridian::store {

struct SqlStoreOptions {
    // Reads and writes that wait, each; beyond it calls are refused with kUnavailable.
    std::size_t queue_max = 4096;
    // Transactions in one COMMIT at most: what the last of them waits for the others.
    std::size_t group_max = 512;
};

class SqlStore : public Store {
  public:
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

  protected:
    // Each belongs to a thread of its own from here on.
    struct Threads {
        std::unique_ptr<GroupWriter> writer;
        std::vector<std::unique_ptr<SqlSession>> readers;
    };
    SqlStore(Threads threads, SqlStoreOptions const& options, Clock const& clock, Log& log);

  private:
    struct State;
    template <typename Read>
    auto on_reader(Read read) -> asio::awaitable<std::invoke_result_t<Read, SqlConnection&>>;

    std::unique_ptr<State> state_;
};

}  // namespace meridian::store
