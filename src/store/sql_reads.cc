#include "store/sql_reads.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "store/change_codec.h"

namespace meridian::store {
namespace {

// The databases' numbers are signed; a larger one means "all" here.
std::int64_t clamp(std::uint64_t value) {
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
}

// Columns: account, kind, id, value, status, sequence, format.
Result<Record> record_of(SqlRows const& row) {
    Record record{.key = {model::AccountId(std::string(row.text(0))),
                          static_cast<Kind>(row.integer(1)), std::string(row.text(2))}};
    auto const what =
        fmt::format("Record {}/{}/{}", record.key.account, row.integer(1), record.key.id);
    MERIDIAN_CHECK(check_row_format(row.integer(6), what));
    MERIDIAN_TRY(record.value, decode_json(row.text(3), what));
    if (!row.is_null(4)) {
        MERIDIAN_TRY(record.status, decode_json(row.text(4), what));
    }
    record.sequence = static_cast<Sequence>(row.integer(5));
    return record;
}

Result<std::vector<Record>> records_of(SqlRows row) {
    std::vector<Record> records;
    for (;;) {
        MERIDIAN_TRY(bool const found, row.next());
        if (!found) return records;
        MERIDIAN_TRY(auto record, record_of(row));
        records.push_back(std::move(record));
    }
}

// Text at compile time: a connection keeps its prepared statements under views of it.
#define RANGE_SQL(bounds)                                                     \
    "SELECT account, kind, id, value, status, sequence, format FROM records " \
    "WHERE account = ? AND kind = ? AND " bounds                              \
    " AND value IS NOT NULL ORDER BY id "                                     \
    "LIMIT ?"

}  // namespace

Result<void> check_row_format(std::int64_t format, std::string_view what) {
    if (format >= 1 && format <= kRowFormat) return {};
    return fail(Errc::kCorrupt,
                fmt::format("{} has format {}, which this version does not know.", what, format));
}

std::optional<std::string> end_of_prefix(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (prefix.empty()) return std::nullopt;
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

Result<std::optional<Record>> read_record(SqlConnection& connection, Key const& key) {
    MERIDIAN_TRY(
        auto row,
        connection.query("SELECT account, kind, id, value, status, sequence, format FROM records "
                         "WHERE account = ? AND kind = ? AND id = ? AND value IS NOT NULL",
                         key.account.value(), number(key.kind), key.id));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return std::nullopt;
    return record_of(row);
}

Result<std::optional<nlohmann::json>> read_epitaph(SqlConnection& connection, Key const& key) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT epitaph, format FROM records WHERE account = ? AND "
                                  "kind = ? AND id = ? AND value IS NULL",
                                  key.account.value(), number(key.kind), key.id));
    MERIDIAN_TRY(bool const found, row.next());
    if (!found) return std::nullopt;
    auto const what = fmt::format("Tombstone {}/{}/{}", key.account, number(key.kind), key.id);
    MERIDIAN_CHECK(check_row_format(row.integer(1), what));
    return decode_json(row.text(0), what);
}

Result<std::vector<Record>> read_range(SqlConnection& connection, Scan const& scan) {
    // One lower bound, so that SQLite begins there: of two it would take one and walk to the other.
    bool const after = !scan.after_id.empty() && scan.after_id >= scan.id_prefix;
    auto const& from = after ? scan.after_id : scan.id_prefix;
    auto const end = end_of_prefix(scan.id_prefix);
    if (!end) {
        MERIDIAN_TRY(auto row, connection.query(after ? RANGE_SQL("id > ?") : RANGE_SQL("id >= ?"),
                                                scan.account.value(), number(scan.kind), from,
                                                clamp(scan.limit)));
        return records_of(std::move(row));
    }
    MERIDIAN_TRY(
        auto row,
        connection.query(after ? RANGE_SQL("id > ? AND id < ?") : RANGE_SQL("id >= ? AND id < ?"),
                         scan.account.value(), number(scan.kind), from, *end, clamp(scan.limit)));
    return records_of(std::move(row));
}

#undef RANGE_SQL

Result<std::vector<Record>> read_kind(SqlConnection& connection, Kind kind) {
    MERIDIAN_TRY(
        auto row,
        connection.query("SELECT account, kind, id, value, status, sequence, format FROM records "
                         "WHERE kind = ? AND value IS NOT NULL ORDER BY account, id",
                         number(kind)));
    return records_of(std::move(row));
}

Result<std::uint64_t> read_count(SqlConnection& connection, model::AccountId const& account,
                                 Kind kind) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT records FROM live_counts WHERE account = ? AND kind = ?",
                                  account.value(), number(kind)));
    MERIDIAN_TRY(bool const found, row.next());
    return found ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

Result<std::vector<LogEntry>> read_entries(SqlConnection& connection, LogName log, Sequence after,
                                           std::size_t limit) {
    MERIDIAN_TRY(
        auto row,
        connection.query("SELECT sequence, epoch, caller, time_us, changes, format FROM change_log "
                         "WHERE log = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                         number(log), clamp(after), clamp(limit)));
    std::vector<LogEntry> entries;
    for (;;) {
        MERIDIAN_TRY(bool const found, row.next());
        if (!found) return entries;
        LogEntry entry{.log = log,
                       .sequence = static_cast<Sequence>(row.integer(0)),
                       .epoch = static_cast<std::uint64_t>(row.integer(1)),
                       .caller = std::string(row.text(2)),
                       .time = WallTime(std::chrono::microseconds(row.integer(3)))};
        auto const what = fmt::format("Entry {} of log {}", entry.sequence, number(log));
        MERIDIAN_CHECK(check_row_format(row.integer(5), what));
        MERIDIAN_TRY(entry.changes, decode_changes(row.text(4), what));
        entries.push_back(std::move(entry));
    }
}

Result<Sequence> read_last_sequence(SqlConnection& connection, LogName log) {
    MERIDIAN_TRY(auto row,
                 connection.query("SELECT last_sequence FROM logs WHERE log = ?", number(log)));
    MERIDIAN_TRY(bool const found, row.next());
    return found ? static_cast<Sequence>(row.integer(0)) : 0;
}

}  // namespace meridian::store
