#include "store/sqlite_writer.h"

#include <sqlite3.h>

namespace meridian::store {
namespace {

// Whether a COMMIT that failed with this code surely left nothing behind. After an I/O error the
// commit's frames may be in the log file, and a crash now would bring them back.
bool surely_not_written(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_BUSY:
        case SQLITE_NOMEM:
        case SQLITE_CONSTRAINT:
        case SQLITE_READONLY:
            return true;
        default:
            return false;
    }
}

Result<void> commit_group(SqliteConnection& connection) {
    auto committed = connection.execute("COMMIT");
    if (committed) return {};
    int const code = connection.last_code();
    bool const open = !connection.autocommit();
    bool const undone = !open || connection.execute("ROLLBACK").has_value();
    if (surely_not_written(code) && undone) return fail(Errc::kIo, committed.error().message);
    return fail(Errc::kOutcomeUnknown, committed.error().message);
}

}  // namespace

Result<std::vector<Result<Sequence>>> SqliteWriter::write(std::span<WriteJob const> jobs) {
    // A group that could not be undone must not leak into this one.
    if (!connection_.autocommit()) static_cast<void>(connection_.execute("ROLLBACK"));
    MERIDIAN_CHECK(connection_.execute("BEGIN IMMEDIATE"));
    auto outcomes = run_jobs(connection_, jobs);
    if (!outcomes) {
        if (!connection_.autocommit()) static_cast<void>(connection_.execute("ROLLBACK"));
        return outcomes;
    }
    MERIDIAN_CHECK(commit_group(connection_));
    return outcomes;
}

}  // namespace meridian::store
