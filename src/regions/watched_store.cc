#include "regions/watched_store.h"

namespace meridian::regions {

using store::LogName;
using store::Sequence;

namespace {

// After a kOutcomeUnknown there may be an entry: whoever waits looks in vain, or not.
bool may_have_grown(Result<Sequence> const& written) {
    return written || written.error().code == Errc::kOutcomeUnknown;
}

}  // namespace

void WatchedStore::tell(std::vector<store::Change> const& changes,
                        Result<Sequence> const& written) {
    if (written) {
        watcher_->on_account_changed(changes, *written);
    } else if (may_have_grown(written)) {
        watcher_->on_account_in_doubt();
    }
}

io::Task<Sequence> WatchedStore::commit(store::Transaction transaction) {
    // What mixes logs is refused below.
    auto const log = transaction.changes.empty()
                         ? std::nullopt
                         : std::optional(store::log_of(transaction.changes.front().key.kind));
    bool const watched = log && is_watched(*log);
    auto const changes =
        watched ? store::changes_of(transaction.changes) : std::vector<store::Change>();
    auto committed = co_await below_.commit(std::move(transaction));
    if (watched) tell(changes, committed);
    if (log && may_have_grown(committed)) grew(*log);
    co_return committed;
}

io::Task<> WatchedStore::apply(store::LogEntry entry) {
    auto const log = entry.log;
    auto const sequence = entry.sequence;
    bool const watched = is_watched(log);
    auto const changes = watched ? entry.changes : std::vector<store::Change>();
    auto applied = co_await below_.apply(std::move(entry));
    auto const written = applied ? Result<Sequence>(sequence) : std::unexpected(applied.error());
    if (watched) tell(changes, written);
    if (may_have_grown(written)) grew(log);
    co_return applied;
}

io::Task<std::optional<store::Record>> WatchedStore::get(store::Key key) {
    return below_.get(std::move(key));
}
io::Task<std::optional<nlohmann::json>> WatchedStore::epitaph(store::Key key) {
    return below_.epitaph(std::move(key));
}
io::Task<std::vector<store::Record>> WatchedStore::scan(store::Scan scan) {
    return below_.scan(std::move(scan));
}
io::Task<std::vector<store::Record>> WatchedStore::scan_all(store::Kind kind) {
    return below_.scan_all(kind);
}
io::Task<std::uint64_t> WatchedStore::count(model::AccountId account, store::Kind kind) {
    return below_.count(std::move(account), kind);
}
io::Task<std::vector<store::LogEntry>> WatchedStore::read_log(LogName log, Sequence after,
                                                              std::size_t limit) {
    return below_.read_log(log, after, limit);
}
io::Task<Sequence> WatchedStore::last_sequence(LogName log) { return below_.last_sequence(log); }

}  // namespace meridian::regions
