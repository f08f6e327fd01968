#pragma once
// A Store that says when one of its logs has grown through it, and what the account log has got.
// Everything else is the store below.
//
// Threads: belongs to its region's executor; call there only.

#include "regions/growth_signal.h"
#include "store/store.h"

namespace meridian::regions {

// Whoever keeps in memory what the account log says. Called on the store's executor.
class AccountWatcher {
  public:
    virtual ~AccountWatcher() = default;
    virtual void on_account_changed(std::vector<store::Change> const& changes,
                                    store::Sequence sequence) = 0;
    // A commit may have happened: only the log knows.
    virtual void on_account_in_doubt() = 0;
};

class WatchedStore final : public store::Store {
  public:
    // `below` must outlive it.
    explicit WatchedStore(store::Store& below) : below_(below) {}

    // Raised after every commit or applied entry that this process made durable here.
    [[nodiscard]] GrowthSignal const& growth(store::LogName log) const {
        return log == store::LogName::kAccount ? account_growth_ : region_growth_;
    }

    // At most one; it outlives the store's use.
    void watch_account(AccountWatcher& watcher) { watcher_ = &watcher; }

    io::Task<std::optional<store::Record>> get(store::Key key) override;
    io::Task<std::optional<nlohmann::json>> epitaph(store::Key key) override;
    io::Task<std::vector<store::Record>> scan(store::Scan scan) override;
    io::Task<std::vector<store::Record>> scan_all(store::Kind kind) override;
    io::Task<std::uint64_t> count(model::AccountId account, store::Kind kind) override;
    io::Task<store::Sequence> commit(store::Transaction transaction) override;
    io::Task<std::vector<store::LogEntry>> read_log(store::LogName log, store::Sequence after,
                                                    std::size_t limit) override;
    io::Task<store::Sequence> last_sequence(store::LogName log) override;
    io::Task<> apply(store::LogEntry entry) override;

  private:
    // What the watcher is told after a write of `changes`, of which it wants a copy.
    [[nodiscard]] bool is_watched(store::LogName log) const {
        return watcher_ != nullptr && log == store::LogName::kAccount;
    }
    void tell(std::vector<store::Change> const& changes, Result<store::Sequence> const& written);
    void grew(store::LogName log) {
        (log == store::LogName::kAccount ? account_growth_ : region_growth_).raise();
    }

    store::Store& below_;
    AccountWatcher* watcher_ = nullptr;
    GrowthSignal region_growth_;
    GrowthSignal account_growth_;
};

}  // namespace meridian::regions
