#include "store/sql_writes.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/change_codec.h"
#include "store/sql_reads.h"

namespace meridian::store {
namespace {

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string describe(Key const& key) {
    return fmt::format("{}/{}/{}", key.account, number(key.kind), key.id);
}

// What the database has under a key.
struct Found {
    std::optional<Sequence> live;  // the live record's
    bool has_epitaph = false;
};

Result<Found> find(SqlConnection& connection, Key const& key) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT sequence, CASE WHEN value IS NULL THEN 0 ELSE 1 END, "
                                  "CASE WHEN epitaph IS NULL OR epitaph = 'null' THEN 0 ELSE 1 END "
                                  "FROM records WHERE account = ? AND kind = ? AND id = ?",
                                  key.account.value(), number(key.kind), key.id));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return Found{};
    if (row.integer(1) == 0) return Found{.live = std::nullopt, .has_epitaph = row.integer(2) != 0};
    return Found{.live = static_cast<Sequence>(row.integer(0))};
}

// As the plan of a job would leave each key.
class Lookups {
  public:
    explicit Lookups(SqlConnection& connection) : connection_(connection) {}

    Result<Found*> at(Key const& key) {
        auto const known =
            std::ranges::find_if(known_, [&](auto const& each) { return *each.first == key; });
        if (known != known_.end()) return &known->second;
        MERIDIAN_TRY(auto found, find(connection_, key));
        return &known_.emplace_back(&key, found).second;
    }

  private:
    SqlConnection& connection_;
    std::vector<std::pair<Key const*, Found>> known_;  // a few
};

Result<void> check(Lookups& lookups, Expectation const& expectation) {
    MERIDIAN_TRY(auto const* const found, lookups.at(expectation.key));
    bool const kept =
        found->live == expectation.sequence && !(expectation.is_new && found->has_epitaph);
    if (kept) return {};
    return fail(Errc::kConflict,
                fmt::format("{} was changed by someone else.", describe(expectation.key)));
}

// Of Write or Change.
template <typename Changes>
Result<void> plan_rows(Lookups& lookups, Changes const& changes, WritePlan& plan) {
    plan.rows.reserve(changes.size());
    for (auto const& change : changes) {
        MERIDIAN_TRY(auto* const found, lookups.at(change.key));
        MERIDIAN_TRY(auto text, encode_value(change));
        bool const is_live = change.value.has_value();
        plan.rows.push_back({.key = change.key,
                             .is_live = is_live,
                             .text = std::move(text),
                             .live_difference = (is_live ? 1 : 0) - (found->live ? 1 : 0)});
        *found = is_live ? Found{.live = plan.sequence}
                         : Found{.live = std::nullopt, .has_epitaph = !change.epitaph.is_null()};
    }
    return {};
}

Result<void> plan_status(Lookups& lookups, StatusWrite const& write, WritePlan& plan) {
    auto const& key = write.key;
    MERIDIAN_TRY(auto const* const found, lookups.at(key));
    if (!found->live) {
        return fail(Errc::kConflict,
                    fmt::format("{} does not exist and can have no status.", describe(key)));
    }
    MERIDIAN_TRY(auto text, encode(write.status));
    // With the value, where both are written: the last row of that key is the live one.
    auto const row = std::find_if(plan.rows.rbegin(), plan.rows.rend(),
                                  [&](auto const& each) { return each.key == key; });
    if (row != plan.rows.rend()) {
        row->status = std::move(text);
    } else {
        plan.statuses.push_back({key, std::move(text)});
    }
    return {};
}

Result<std::string> log_text(WritePlan const& plan) {
    std::vector<EncodedChange> changes;
    changes.reserve(plan.rows.size());
    for (auto const& row : plan.rows) changes.push_back({row.key, row.is_live, row.text});
    return encode_changes(changes);
}

Result<void> write_row(SqlConnection& connection, WritePlan::Row const& row, Sequence sequence) {
    auto const& key = row.key;
    auto const run = [&](std::string_view sql, auto const&... values) -> Result<void> {
        MERIDIAN_TRY(auto statement,
                     connection.query(sql, key.account.value(), number(key.kind), key.id, values...,
                                      signed_of(sequence), kRowFormat));
        return statement.run();
    };
    if (!row.is_live) {
        return run(
            "INSERT INTO records (account, kind, id, value, epitaph, status, sequence, format) "
            "VALUES (?, ?, ?, NULL, ?, NULL, ?, ?) "
            "ON CONFLICT (account, kind, id) DO UPDATE SET value = NULL, "
            "epitaph = excluded.epitaph, status = NULL, sequence = excluded.sequence, "
            "format = excluded.format",
            row.text);
    }
    if (row.status) {
        return run(
            "INSERT INTO records (account, kind, id, value, epitaph, status, sequence, format) "
            "VALUES (?, ?, ?, ?, NULL, ?, ?, ?) "
            "ON CONFLICT (account, kind, id) DO UPDATE SET value = excluded.value, "
            "epitaph = NULL, status = excluded.status, sequence = excluded.sequence, "
            "format = excluded.format",
            row.text, *row.status);
    }
    // A tombstone has no status, so one that is there belongs to the live record and stays.
    return run(
        "INSERT INTO records (account, kind, id, value, epitaph, status, sequence, format) "
        "VALUES (?, ?, ?, ?, NULL, NULL, ?, ?) "
        "ON CONFLICT (account, kind, id) DO UPDATE SET value = excluded.value, "
        "epitaph = NULL, sequence = excluded.sequence, format = excluded.format",
        row.text);
}

Result<void> write_status(SqlConnection& connection, WritePlan::Status const& status) {
    auto const& key = status.key;
    MERIDIAN_TRY(auto statement,
                 connection.query("UPDATE records SET status = ? WHERE account = ? AND "
                                  "kind = ? AND id = ?",
                                  status.text, key.account.value(), number(key.kind), key.id));
    return statement.run();
}

Result<void> write_entry(SqlConnection& connection, WritePlan::Entry const& entry,
                         Sequence sequence) {
    MERIDIAN_TRY(
        auto added,
        connection.query("INSERT INTO change_log (log, sequence, epoch, caller, time_us, changes, "
                         "format) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         number(entry.log), signed_of(sequence), signed_of(entry.epoch),
                         entry.caller, std::int64_t{entry.time.time_since_epoch().count()},
                         entry.changes, kRowFormat));
    return added.run();
}

}  // namespace

Result<GroupWriter::Position*> GroupWriter::position_of(LogName log) {
    if (auto const known = positions_.find(log); known != positions_.end()) return &known->second;
    MERIDIAN_TRY(auto row, connection_.query("SELECT last_sequence, epoch FROM logs WHERE log = ?",
                                             number(log)));
    MERIDIAN_TRY(bool const found, row.next());
    auto& position = positions_[log];
    if (found) {
        position.last_sequence = static_cast<Sequence>(row.integer(0));
        position.epoch = static_cast<std::uint64_t>(row.integer(1));
    }
    return &position;
}

Result<WritePlan> GroupWriter::plan(Transaction const& transaction, WallTime now) {
    MERIDIAN_TRY(auto const log, one_log_of(transaction.changes));
    Lookups lookups(connection_);
    for (auto const& expectation : transaction.expectations) {
        MERIDIAN_CHECK(check(lookups, expectation));
    }
    WritePlan plan{.packages = transaction.packages, .now = now};
    if (log) {
        MERIDIAN_TRY(auto const* const position, position_of(*log));
        plan.sequence = position->last_sequence + 1;
        MERIDIAN_CHECK(plan_rows(lookups, transaction.changes, plan));
        MERIDIAN_TRY(auto changes, log_text(plan));
        plan.entry = WritePlan::Entry{.log = *log,
                                      .epoch = position->epoch,
                                      .caller = transaction.caller,
                                      .time = now,
                                      .changes = std::move(changes)};
    }
    for (auto const& status : transaction.statuses) {
        MERIDIAN_CHECK(plan_status(lookups, status, plan));
    }
    return plan;
}

Result<WritePlan> GroupWriter::plan(LogEntry const& entry) {
    MERIDIAN_TRY(auto const log, one_log_of(entry.changes));
    if (log && *log != entry.log)
        return fail(Errc::kInternal, "A log entry changes keys of another log.");
    MERIDIAN_TRY(auto const* const position, position_of(entry.log));
    WritePlan plan{.sequence = entry.sequence};
    if (entry.sequence > 0 && entry.sequence <= position->last_sequence) {
        // Here already, unless two histories have parted: then it must not pass for applied.
        MERIDIAN_TRY(auto row, connection_.query(
                                   "SELECT epoch FROM change_log WHERE log = ? AND sequence = ?",
                                   number(entry.log), signed_of(entry.sequence)));
        MERIDIAN_TRY(bool const found, row.next());
        if (!found || static_cast<std::uint64_t>(row.integer(0)) == entry.epoch) return plan;
        return fail(Errc::kConflict, fmt::format("Log entry {} is here with epoch {}, not {}.",
                                                 entry.sequence, row.integer(0), entry.epoch));
    }
    if (entry.sequence != position->last_sequence + 1) {
        return fail(Errc::kConflict, fmt::format("Log entry {} does not follow {}.", entry.sequence,
                                                 position->last_sequence));
    }
    if (entry.epoch < position->epoch) {
        return fail(Errc::kConflict, fmt::format("Log entry {} is of epoch {}, which {} has ended.",
                                                 entry.sequence, entry.epoch, position->epoch));
    }
    Lookups lookups(connection_);
    MERIDIAN_CHECK(plan_rows(lookups, entry.changes, plan));
    MERIDIAN_TRY(auto changes, log_text(plan));
    plan.entry = WritePlan::Entry{.log = entry.log,
                                  .epoch = entry.epoch,
                                  .caller = entry.caller,
                                  .time = entry.time,
                                  .changes = std::move(changes)};
    return plan;
}

Result<void> GroupWriter::write(WritePlan const& plan) {
    for (auto const& package : plan.packages) {
        MERIDIAN_CHECK(packages_.write(package, plan.now));
    }
    for (auto const& row : plan.rows) {
        MERIDIAN_CHECK(write_row(connection_, row, plan.sequence));
        if (row.live_difference != 0)
            live_differences_[{row.key.account, row.key.kind}] += row.live_difference;
    }
    for (auto const& status : plan.statuses) {
        MERIDIAN_CHECK(write_status(connection_, status));
    }
    if (!plan.entry) return {};
    MERIDIAN_CHECK(write_entry(connection_, *plan.entry, plan.sequence));
    positions_[plan.entry->log] = {
        .last_sequence = plan.sequence, .epoch = plan.entry->epoch, .is_written = false};
    return {};
}

Result<void> GroupWriter::finish() {
    for (auto const& [log, position] : positions_) {
        if (position.is_written) continue;
        MERIDIAN_TRY(
            auto moved,
            connection_.query(
                "INSERT INTO logs (log, last_sequence, epoch) VALUES (?, ?, ?) "
                "ON CONFLICT (log) DO UPDATE SET last_sequence = excluded.last_sequence, "
                "epoch = excluded.epoch",
                number(log), signed_of(position.last_sequence), signed_of(position.epoch)));
        MERIDIAN_CHECK(moved.run());
    }
    for (auto const& [of, difference] : live_differences_) {
        if (difference == 0) continue;
        MERIDIAN_TRY(
            auto counted,
            connection_.query("INSERT INTO live_counts (account, kind, records) VALUES (?, ?, ?) "
                              "ON CONFLICT (account, kind) DO UPDATE SET "
                              "records = live_counts.records + excluded.records",
                              of.first.value(), number(of.second), difference));
        MERIDIAN_CHECK(counted.run());
    }
    return {};
}

}  // namespace meridian::store
