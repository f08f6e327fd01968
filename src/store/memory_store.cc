#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "store/change_codec.h"

namespace meridian::store {
namespace {

struct Row {
    std::optional<nlohmann::json> value;  // nothing: a tombstone
    nlohmann::json epitaph;
    nlohmann::json status;
    Sequence sequence = 0;
};

struct CarriedPackage {
    std::string zip_bytes;
    WallTime carried;
};

struct ChangeLog {
    std::vector<LogEntry> entries;  // entries[n].sequence == n + 1
    std::uint64_t epoch = 1;
};

asio::awaitable<void> let_others_run() {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace

struct MemoryStore::State {
    Clock const& clock;
    std::mutex mutex;
    // Protected by mutex.
    std::map<Key, Row> rows;
    std::map<LogName, ChangeLog> logs;
    std::map<model::CodeSha256, CarriedPackage> packages;

    Row* live(Key const& key) {
        auto const found = rows.find(key);
        return found != rows.end() && found->second.value ? &found->second : nullptr;
    }

    bool left_epitaph(Key const& key) {
        auto const found = rows.find(key);
        return found != rows.end() && !found->second.value && !found->second.epitaph.is_null();
    }

    void write(LogEntry entry) {
        for (auto const& change : entry.changes) {
            auto& row = rows[change.key];
            row.value = change.value;
            row.epitaph = change.value ? nlohmann::json() : change.epitaph;
            if (!change.value) row.status = nullptr;
            row.sequence = entry.sequence;
        }
        auto& log = logs[entry.log];
        log.epoch = entry.epoch;
        log.entries.push_back(std::move(entry));
    }

    Result<Sequence> commit(Transaction& transaction, WallTime now) {
        MERIDIAN_TRY(auto const log, one_log_of(transaction.changes));
        for (auto const& expected : transaction.expectations) {
            auto const* row = live(expected.key);
            bool const kept =
                row ? expected.sequence == row->sequence
                    : !expected.sequence && !(expected.is_new && left_epitaph(expected.key));
            if (!kept) {
                return fail(Errc::kConflict,
                            fmt::format("{} was changed by someone else.", expected.key.id));
            }
        }
        // What SQLite would undo is found before anything is written.
        for (auto const& write : transaction.statuses) {
            bool exists = live(write.key) != nullptr;
            for (auto const& change : transaction.changes) {
                if (change.key == write.key) exists = change.value.has_value();
            }
            if (!exists)
                return fail(Errc::kConflict, fmt::format("{} can have no status.", write.key.id));
            MERIDIAN_CHECK(encode(write.status));
        }
        for (auto const& change : transaction.changes) {
            MERIDIAN_CHECK(encode_value(change));
        }
        for (auto& package : transaction.packages)
            packages[package.sha256] = {std::move(package.zip_bytes), now};
        Sequence sequence = 0;
        if (log) {
            sequence = logs[*log].entries.size() + 1;
            write({.log = *log,
                   .sequence = sequence,
                   .epoch = logs[*log].epoch,
                   .caller = std::move(transaction.caller),
                   .time = now,
                   .changes = changes_of(std::move(transaction.changes))});
        }
        for (auto& status : transaction.statuses)
            rows[status.key].status = json_of(std::move(status.status));
        return sequence;
    }

    Result<void> apply(LogEntry& entry) {
        MERIDIAN_TRY(auto const log, one_log_of(entry.changes));
        if (log && *log != entry.log)
            return fail(Errc::kInternal, "A log entry changes keys of another log.");
        auto const& here = logs[entry.log];
        if (entry.sequence > 0 && entry.sequence <= here.entries.size()) {
            if (here.entries[entry.sequence - 1].epoch == entry.epoch) return {};
            return fail(Errc::kConflict,
                        fmt::format("Log entry {} is here with another epoch.", entry.sequence));
        }
        if (entry.sequence != here.entries.size() + 1 || entry.epoch < here.epoch) {
            return fail(Errc::kConflict,
                        fmt::format("Log entry {} does not follow.", entry.sequence));
        }
        for (auto const& change : entry.changes) {
            MERIDIAN_CHECK(encode_value(change));
        }
        write(std::move(entry));
        return {};
    }
};

MemoryStore::MemoryStore(Clock const& clock) : state_(new State{.clock = clock}) {}
MemoryStore::~MemoryStore() = default;

io::Task<std::optional<Record>> MemoryStore::get(Key key) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    auto const* row = state_->live(key);
    if (!row) co_return std::nullopt;
    co_return Record{std::move(key), *row->value, row->status, row->sequence};
}

io::Task<std::optional<nlohmann::json>> MemoryStore::epitaph(Key key) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    auto const found = state_->rows.find(key);
    if (found == state_->rows.end() || found->second.value) co_return std::nullopt;
    co_return std::optional<nlohmann::json>(std::in_place, found->second.epitaph);
}

io::Task<std::vector<Record>> MemoryStore::scan(Scan scan) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    std::vector<Record> records;
    for (auto at = state_->rows.lower_bound({scan.account, scan.kind, scan.id_prefix});
         at != state_->rows.end() && records.size() < scan.limit; ++at) {
        auto const& [key, row] = *at;
        if (key.account != scan.account || key.kind != scan.kind ||
            !key.id.starts_with(scan.id_prefix))
            break;
        if (row.value && key.id > scan.after_id)
            records.push_back({key, *row.value, row.status, row.sequence});
    }
    co_return records;
}

io::Task<std::vector<Record>> MemoryStore::scan_all(Kind kind) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    std::vector<Record> records;
    for (auto const& [key, row] : state_->rows) {
        if (key.kind == kind && row.value)
            records.push_back({key, *row.value, row.status, row.sequence});
    }
    co_return records;
}

io::Task<std::uint64_t> MemoryStore::count(model::AccountId account, Kind kind) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    std::uint64_t records = 0;
    for (auto const& [key, row] : state_->rows) {
        if (key.account == account && key.kind == kind && row.value) ++records;
    }
    co_return records;
}

io::Task<Sequence> MemoryStore::commit(Transaction transaction) {
    auto const now = state_->clock.wall_now();
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    co_return state_->commit(transaction, now);
}

io::Task<std::vector<LogEntry>> MemoryStore::read_log(LogName log, Sequence after,
                                                      std::size_t limit) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    auto const& entries = state_->logs[log].entries;
    std::vector<LogEntry> read;
    for (auto at = after; at < entries.size() && read.size() < limit; ++at)
        read.push_back(entries[at]);
    co_return read;
}

io::Task<Sequence> MemoryStore::last_sequence(LogName log) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    co_return state_->logs[log].entries.size();
}

io::Task<> MemoryStore::apply(LogEntry entry) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    co_return state_->apply(entry);
}

io::Task<std::optional<std::string>> MemoryStore::get_package(model::CodeSha256 sha256) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    auto const found = state_->packages.find(sha256);
    if (found == state_->packages.end()) co_return std::nullopt;
    co_return found->second.zip_bytes;
}

io::Task<std::vector<model::CodeSha256>> MemoryStore::old_packages(WallTime before) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    std::vector<model::CodeSha256> old;
    for (auto const& [name, package] : state_->packages) {
        if (package.carried < before) old.push_back(name);
    }
    co_return old;
}

io::Task<> MemoryStore::remove_packages(std::vector<model::CodeSha256> packages, WallTime before) {
    co_await let_others_run();
    std::lock_guard lock(state_->mutex);
    std::erase_if(state_->packages, [&](auto const& entry) {
        return entry.second.carried < before &&
               std::ranges::find(packages, entry.first) != packages.end();
    });
    co_return Result<void>{};
}

}  // namespace meridian::store
