#pragma once
// A Store that forgets: the same meaning as SqliteStore (one contract suite runs against both), for
// the unit tests of other modules. Every call lets other coroutines run before it answers.
//
// Threads: any.

#include <memory>

#include "base/clock.h"
#include "store/store.h"

namespace meridian::store {

class MemoryStore final : public Store, public PackageTable {
  public:
    explicit MemoryStore(Clock const& clock);
    ~MemoryStore() override;
    MemoryStore(MemoryStore const&) = delete;
    MemoryStore& operator=(MemoryStore const&) = delete;

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
    std::unique_ptr<State> state_;
};

}  // namespace meridian::store
