#include "store/sqlite_schema.h"

#include <array>

#include <fmt/format.h>

namespace meridian::store {
namespace {

// kMigrations[n] takes user_version n to n + 1.
constexpr std::array<char const*, kSqliteSchemaVersion> kMigrations = {
    R"sql(
    CREATE TABLE records (
        account  TEXT NOT NULL,
        kind     INTEGER NOT NULL,
        id       TEXT NOT NULL,
        value    TEXT,              -- JSON; NULL: a tombstone
        epitaph  TEXT,              -- JSON; a tombstone's alone
        status   TEXT,              -- JSON; region-local, never logged
        sequence INTEGER NOT NULL,  -- of the commit that last wrote value or tombstone
        format   INTEGER NOT NULL,
        PRIMARY KEY (account, kind, id)
    ) WITHOUT ROWID;

    CREATE TABLE change_log (
        log      INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        epoch    INTEGER NOT NULL,
        caller   TEXT NOT NULL,
        time_us  INTEGER NOT NULL,  -- since 1970, UTC
        changes  TEXT NOT NULL,     -- JSON (store/change_codec.h)
        format   INTEGER NOT NULL,
        PRIMARY KEY (log, sequence)
    ) WITHOUT ROWID;

    -- Where each log stands, so that a sequence is never reused even if old entries are dropped one day.
    CREATE TABLE logs (
        log           INTEGER NOT NULL PRIMARY KEY,
        last_sequence INTEGER NOT NULL,
        epoch         INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- How many live records there are, kept with every write: tombstones make counting rows slow.
    CREATE TABLE live_counts (
        account TEXT NOT NULL,
        kind    INTEGER NOT NULL,
        records INTEGER NOT NULL,
        PRIMARY KEY (account, kind)
    ) WITHOUT ROWID;
    )sql",
    R"sql(
    -- In the order in which they came, so that a group of them shares pages.
    CREATE TABLE packages (
        sha256     TEXT NOT NULL PRIMARY KEY,  -- of the zip, base64
        zip        BLOB NOT NULL,
        carried_us INTEGER NOT NULL,  -- since 1970, UTC: when a commit carried it last
        format     INTEGER NOT NULL
    );
    )sql",
    R"sql(
    -- Rows are large: apart from their keys, a tree of these has few levels, and what comes after each
    -- other stands beside each other.
    ALTER TABLE records RENAME TO old_records;
    CREATE TABLE records (
        account  TEXT NOT NULL,
        kind     INTEGER NOT NULL,
        id       TEXT NOT NULL,
        value    TEXT,              -- JSON; NULL: a tombstone
        epitaph  TEXT,              -- JSON; a tombstone's alone
        status   TEXT,              -- JSON; region-local, never logged
        sequence INTEGER NOT NULL,  -- of the commit that last wrote value or tombstone
        format   INTEGER NOT NULL,
        PRIMARY KEY (account, kind, id)
    );
    INSERT INTO records SELECT * FROM old_records ORDER BY account, kind, id;
    DROP TABLE old_records;

    ALTER TABLE change_log RENAME TO old_change_log;
    CREATE TABLE change_log (
        log      INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        epoch    INTEGER NOT NULL,
        caller   TEXT NOT NULL,
        time_us  INTEGER NOT NULL,  -- since 1970, UTC
        changes  TEXT NOT NULL,     -- JSON (store/change_codec.h)
        format   INTEGER NOT NULL,
        PRIMARY KEY (log, sequence)
    );
    INSERT INTO change_log SELECT * FROM old_change_log ORDER BY log, sequence;
    DROP TABLE old_change_log;

    -- Whoever looks for one knows its row (store/sql_packages.h).
    ALTER TABLE packages RENAME TO old_packages;
    CREATE TABLE packages (
        id         INTEGER PRIMARY KEY,
        sha256     TEXT NOT NULL,     -- of the zip, base64; each once
        carried_us INTEGER NOT NULL,  -- since 1970, UTC: when a commit carried it last
        format     INTEGER NOT NULL,
        zip        BLOB NOT NULL      -- last: what reads the others need not pass it
    );
    INSERT INTO packages SELECT rowid, sha256, carried_us, format, zip FROM old_packages
        ORDER BY rowid;
    DROP TABLE old_packages;
    )sql",
};

Result<std::int64_t> read_number(SqliteConnection& connection, std::string_view sql) {
    MERIDIAN_TRY(auto statement, connection.query(sql));
    MERIDIAN_TRY(bool const found, statement.next());
    return found ? statement.integer(0) : 0;
}

Result<void> migrate_from(SqliteConnection& connection, std::filesystem::path const& path) {
    MERIDIAN_TRY(auto const application, read_number(connection, "PRAGMA application_id"));
    MERIDIAN_TRY(auto const version, read_number(connection, "PRAGMA user_version"));
    MERIDIAN_TRY(auto const tables, read_number(connection, "SELECT count(*) FROM sqlite_schema"));
    bool const is_new = application == 0 && version == 0 && tables == 0;
    if (!is_new && application != kSqliteApplicationId) {
        return fail(Errc::kCorrupt,
                    fmt::format("{} is a database, but not Meridian's.", path.string()));
    }
    if (version > kSqliteSchemaVersion) {
        return fail(
            Errc::kCorrupt,
            fmt::format("{} was written by a newer version of Meridian (its schema is version {}, "
                        "this program knows {}). Start that version, or restore a backup.",
                        path.string(), version, kSqliteSchemaVersion));
    }
    if (version == kSqliteSchemaVersion) return {};
    for (auto at = version; at < kSqliteSchemaVersion; ++at) {
        MERIDIAN_CHECK(connection.execute(kMigrations.at(static_cast<std::size_t>(at))));
    }
    MERIDIAN_CHECK(connection.execute(
        fmt::format("PRAGMA application_id = {}", kSqliteApplicationId).c_str()));
    return connection.execute(
        fmt::format("PRAGMA user_version = {}", kSqliteSchemaVersion).c_str());
}

}  // namespace

Result<void> migrate(SqliteConnection& connection, std::filesystem::path const& path) {
    // One transaction for all steps: a crash leaves the old version.
    MERIDIAN_CHECK(connection.execute("BEGIN IMMEDIATE"));
    auto migrated = migrate_from(connection, path);
    if (migrated) migrated = connection.execute("COMMIT");
    if (!migrated && connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
    return migrated;
}

}  // namespace meridian::store
