#include "store/sql_writes.h"

#include <fmt/format.h>

#include "store/change_codec.h"
#include "store/sql_packages.h"
#include "store/sql_reads.h"

namespace meridian::store {
namespace {

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string describe(Key const& key) {
    return fmt::format("{}/{}/{}", key.account, number(key.kind), key.id);
}

struct LogPosition {
    Sequence last_sequence = 0;
    std::uint64_t epoch = 1;
};

Result<LogPosition> position_of(SqlConnection& connection, LogName log) {
    MERIDIAN_TRY(auto row, connection.query("SELECT last_sequence, epoch FROM logs WHERE log = ?",
                                            number(log)));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return LogPosition{};
    return LogPosition{static_cast<Sequence>(row.integer(0)),
                       static_cast<std::uint64_t>(row.integer(1))};
}

// The sequence of a live record.
Result<std::optional<Sequence>> live_sequence(SqlConnection& connection, Key const& key) {
    MERIDIAN_TRY(
        auto row,
        connection.query("SELECT sequence FROM records WHERE account = ? AND kind = ? AND id = ? "
                         "AND value IS NOT NULL",
                         key.account.value(), number(key.kind), key.id));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return std::nullopt;
    return static_cast<Sequence>(row.integer(0));
}

Result<void> check(SqlConnection& connection, Expectation const& expectation) {
    MERIDIAN_TRY(auto const sequence, live_sequence(connection, expectation.key));
    if (sequence == expectation.sequence) return {};
    return fail(Errc::kConflict,
                fmt::format("{} was changed by someone else.", describe(expectation.key)));
}

Result<void> count_live(SqlConnection& connection, Key const& key, std::int64_t difference) {
    MERIDIAN_TRY(
        auto statement,
        connection.query("INSERT INTO live_counts (account, kind, records) VALUES (?, ?, ?) "
                         "ON CONFLICT (account, kind) DO UPDATE SET "
                         "records = live_counts.records + excluded.records",
                         key.account.value(), number(key.kind), difference));
    return statement.run();
}

Result<void> write_change(SqlConnection& connection, Change const& change, Sequence sequence) {
    auto const& key = change.key;
    MERIDIAN_TRY(auto const before, live_sequence(connection, key));
    if (change.value) {
        MERIDIAN_TRY(auto const value, encode_json(*change.value));
        // A tombstone has no status, so one that is there belongs to the live record and stays.
        MERIDIAN_TRY(
            auto statement,
            connection.query("INSERT INTO records (account, kind, id, value, epitaph, status, "
                             "sequence, format) VALUES (?, ?, ?, ?, NULL, NULL, ?, ?) "
                             "ON CONFLICT (account, kind, id) DO UPDATE SET value = "
                             "excluded.value, epitaph = NULL, "
                             "sequence = excluded.sequence, format = excluded.format",
                             key.account.value(), number(key.kind), key.id, value,
                             signed_of(sequence), kRowFormat));
        MERIDIAN_CHECK(statement.run());
        return before ? Result<void>{} : count_live(connection, key, 1);
    }
    MERIDIAN_TRY(auto const epitaph, encode_json(change.epitaph));
    MERIDIAN_TRY(auto statement,
                 connection.query(
                     "INSERT INTO records (account, kind, id, value, epitaph, status, sequence, "
                     "format) VALUES (?, ?, ?, NULL, ?, NULL, ?, ?) "
                     "ON CONFLICT (account, kind, id) DO UPDATE SET value = NULL, epitaph = "
                     "excluded.epitaph, "
                     "status = NULL, sequence = excluded.sequence, format = excluded.format",
                     key.account.value(), number(key.kind), key.id, epitaph, signed_of(sequence),
                     kRowFormat));
    MERIDIAN_CHECK(statement.run());
    return before ? count_live(connection, key, -1) : Result<void>{};
}

Result<void> write_status(SqlConnection& connection, StatusWrite const& write) {
    auto const& key = write.key;
    MERIDIAN_TRY(auto const live, live_sequence(connection, key));
    if (!live) {
        return fail(Errc::kConflict,
                    fmt::format("{} does not exist and can have no status.", describe(key)));
    }
    MERIDIAN_TRY(auto const status, encode_json(write.status));
    MERIDIAN_TRY(auto statement,
                 connection.query("UPDATE records SET status = ? WHERE account = ? AND "
                                  "kind = ? AND id = ?",
                                  status, key.account.value(), number(key.kind), key.id));
    return statement.run();
}

// The log's entry and its new position.
Result<void> append(SqlConnection& connection, LogEntry const& entry) {
    MERIDIAN_TRY(auto const changes, encode_changes(entry.changes));
    MERIDIAN_TRY(
        auto added,
        connection.query("INSERT INTO change_log (log, sequence, epoch, caller, time_us, changes, "
                         "format) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         number(entry.log), signed_of(entry.sequence), signed_of(entry.epoch),
                         entry.caller, std::int64_t{entry.time.time_since_epoch().count()}, changes,
                         kRowFormat));
    MERIDIAN_CHECK(added.run());
    MERIDIAN_TRY(
        auto moved,
        connection.query("INSERT INTO logs (log, last_sequence, epoch) VALUES (?, ?, ?) "
                         "ON CONFLICT (log) DO UPDATE SET last_sequence = excluded.last_sequence, "
                         "epoch = excluded.epoch",
                         number(entry.log), signed_of(entry.sequence), signed_of(entry.epoch)));
    return moved.run();
}

Result<void> write_changes(SqlConnection& connection, LogEntry const& entry) {
    for (auto const& change : entry.changes) {
        MERIDIAN_CHECK(write_change(connection, change, entry.sequence));
    }
    return append(connection, entry);
}

}  // namespace

Result<Sequence> write_transaction(SqlConnection& connection, Transaction const& transaction,
                                   WallTime now) {
    MERIDIAN_TRY(auto const log, one_log_of(transaction.changes));
    for (auto const& expectation : transaction.expectations) {
        MERIDIAN_CHECK(check(connection, expectation));
    }
    for (auto const& package : transaction.packages) {
        MERIDIAN_CHECK(write_package(connection, package, now));
    }
    Sequence sequence = 0;
    if (log) {
        MERIDIAN_TRY(auto const position, position_of(connection, *log));
        sequence = position.last_sequence + 1;
        MERIDIAN_CHECK(write_changes(connection, {.log = *log,
                                                  .sequence = sequence,
                                                  .epoch = position.epoch,
                                                  .caller = transaction.caller,
                                                  .time = now,
                                                  .changes = transaction.changes}));
    }
    for (auto const& status : transaction.statuses) {
        MERIDIAN_CHECK(write_status(connection, status));
    }
    return sequence;
}

Result<Sequence> write_entry(SqlConnection& connection, LogEntry const& entry) {
    MERIDIAN_TRY(auto const log, one_log_of(entry.changes));
    if (log && *log != entry.log)
        return fail(Errc::kInternal, "A log entry changes keys of another log.");
    MERIDIAN_TRY(auto const position, position_of(connection, entry.log));
    if (entry.sequence > 0 && entry.sequence <= position.last_sequence) {
        // Here already, unless two histories have parted: then it must not pass for applied.
        MERIDIAN_TRY(auto row,
                     connection.query("SELECT epoch FROM change_log WHERE log = ? AND sequence = ?",
                                      number(entry.log), signed_of(entry.sequence)));
        MERIDIAN_TRY(bool const found, row.next());
        if (!found || static_cast<std::uint64_t>(row.integer(0)) == entry.epoch)
            return entry.sequence;
        return fail(Errc::kConflict, fmt::format("Log entry {} is here with epoch {}, not {}.",
                                                 entry.sequence, row.integer(0), entry.epoch));
    }
    if (entry.sequence != position.last_sequence + 1) {
        return fail(Errc::kConflict, fmt::format("Log entry {} does not follow {}.", entry.sequence,
                                                 position.last_sequence));
    }
    if (entry.epoch < position.epoch) {
        return fail(Errc::kConflict, fmt::format("Log entry {} is of epoch {}, which {} has ended.",
                                                 entry.sequence, entry.epoch, position.epoch));
    }
    MERIDIAN_CHECK(write_changes(connection, entry));
    return entry.sequence;
}

}  // namespace meridian::store
