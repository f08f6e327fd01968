#include "store/postgres_schema.h"

#include <array>

#include <fmt/format.h>

namespace meridian::store {
namespace {

// kMigrations[n] takes version n to n + 1. What the columns mean: docs/formats/store.md.
constexpr std::array<char const*, kPostgresSchemaVersion> kMigrations = {
    R"sql(
    CREATE TABLE meridian_schema (
        version BIGINT NOT NULL
    );
    INSERT INTO meridian_schema (version) VALUES (0);

    CREATE TABLE records (
        account  TEXT COLLATE "C" NOT NULL,
        kind     BIGINT NOT NULL,
        id       BYTEA NOT NULL,  -- UTF-8, compared byte by byte
        value    TEXT,
        epitaph  TEXT,
        status   TEXT,
        sequence BIGINT NOT NULL,
        format   BIGINT NOT NULL,
        PRIMARY KEY (account, kind, id)
    );

    CREATE TABLE change_log (
        log      BIGINT NOT NULL,
        sequence BIGINT NOT NULL,
        epoch    BIGINT NOT NULL,
        caller   TEXT NOT NULL,
        time_us  BIGINT NOT NULL,
        changes  TEXT NOT NULL,
        format   BIGINT NOT NULL,
        PRIMARY KEY (log, sequence)
    );

    CREATE TABLE logs (
        log           BIGINT NOT NULL PRIMARY KEY,
        last_sequence BIGINT NOT NULL,
        epoch         BIGINT NOT NULL
    );

    CREATE TABLE live_counts (
        account TEXT COLLATE "C" NOT NULL,
        kind    BIGINT NOT NULL,
        records BIGINT NOT NULL,
        PRIMARY KEY (account, kind)
    );

    -- One row: which process writes here, and the last of its transactions that was committed.
    CREATE TABLE writer (
        owner      TEXT NOT NULL,
        last_group BIGINT NOT NULL
    );
    INSERT INTO writer (owner, last_group) VALUES ('', 0);
    )sql",
};

Result<std::int64_t> read_number(PostgresConnection& connection, std::string_view sql) {
    MERIDIAN_TRY(auto statement, connection.query(sql));
    MERIDIAN_TRY(bool const found, statement.next());
    return found ? statement.integer(0) : 0;
}

Result<void> migrate_from(PostgresConnection& connection, std::string const& schema) {
    MERIDIAN_TRY(auto const tables,
                 read_number(connection,
                             "SELECT count(*) FROM pg_catalog.pg_class c "
                             "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                             "WHERE n.nspname = current_schema()"));
    std::int64_t version = 0;
    if (tables > 0) {
        MERIDIAN_TRY(auto const ours, read_number(connection,
                                                  "SELECT count(*) FROM pg_catalog.pg_class "
                                                  "WHERE oid = to_regclass('meridian_schema')"));
        if (ours == 0) {
            return fail(Errc::kCorrupt,
                        fmt::format("The schema {} is there, but not Meridian's.", schema));
        }
        MERIDIAN_TRY(version, read_number(connection, "SELECT version FROM meridian_schema"));
    }
    if (version > kPostgresSchemaVersion) {
        return fail(
            Errc::kCorrupt,
            fmt::format("The schema {} was written by a newer version of Meridian (it is version "
                        "{}, this program knows {}). Start that version, or restore a backup.",
                        schema, version, kPostgresSchemaVersion));
    }
    if (version == kPostgresSchemaVersion) return {};
    for (auto at = version; at < kPostgresSchemaVersion; ++at) {
        MERIDIAN_CHECK(connection.execute(kMigrations.at(static_cast<std::size_t>(at))));
    }
    return connection.execute(
        fmt::format("UPDATE meridian_schema SET version = {}", kPostgresSchemaVersion).c_str());
}

}  // namespace

Result<void> create_schema(PostgresConnection& connection, std::string const& schema) {
    MERIDIAN_TRY(auto found,
                 connection.query(
                     "SELECT 1::bigint FROM pg_catalog.pg_namespace WHERE nspname = $1", schema));
    MERIDIAN_TRY(bool const exists, found.next());
    // Who may not create schemas uses one that was made for them.
    if (exists) return {};
    MERIDIAN_TRY(auto const name, connection.quoted_name(schema));
    return connection.execute(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", name).c_str());
}

Result<void> migrate(PostgresConnection& connection, std::string const& schema) {
    MERIDIAN_CHECK(connection.execute("BEGIN"));
    auto migrated = migrate_from(connection, schema);
    if (migrated) return connection.commit();
    if (!connection.autocommit()) static_cast<void>(connection.execute("ROLLBACK"));
    return migrated;
}

}  // namespace meridian::store
