#pragma once
// The store's reads as queries; each is one statement and so one snapshot. They mean what store.h
// says.
//
// Threads: a reader thread of the store, with its own connection.

#include <optional>
#include <vector>

#include "store/sql.h"
#include "store/store.h"

namespace meridian::store {

// Of a row in `records` and `change_log`. A row with a higher number was written by a newer
// version.
inline constexpr std::int64_t kRowFormat = 1;
// kCorrupt for a row of a format that is not ours; `what` names it.
Result<void> check_row_format(std::int64_t format, std::string_view what);

Result<std::optional<Record>> read_record(SqlConnection& connection, Key const& key);
Result<std::optional<nlohmann::json>> read_epitaph(SqlConnection& connection, Key const& key);
Result<std::vector<Record>> read_range(SqlConnection& connection, Scan const& scan);
Result<std::vector<Record>> read_kind(SqlConnection& connection, Kind kind);
Result<std::uint64_t> read_count(SqlConnection& connection, model::AccountId const& account,
                                 Kind kind);
Result<std::vector<LogEntry>> read_entries(SqlConnection& connection, LogName log, Sequence after,
                                           std::size_t limit);
Result<Sequence> read_last_sequence(SqlConnection& connection, LogName log);

// The least string that is greater than every string with this prefix; nothing if there is none.
// What scan() ends before.
[[nodiscard]] std::optional<std::string> end_of_prefix(std::string prefix);

}  // namespace meridian::store
