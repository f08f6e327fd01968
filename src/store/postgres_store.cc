#include "store/postgres_store.h"

#include <array>

#include <fmt/format.h>

namespace meridian::store {
namespace {

// kPostgresMigrations[n] takes version n to n + 1. Numbered, only forward, never changed once
// released. Ids are compared as bytes, as in every Store.
constexpr std::array<char const*, kPostgresSchemaVersion> kPostgresMigrations = {
    R"sql(
    CREATE TABLE records (
        account  TEXT COLLATE "C" NOT NULL,
        kind     BIGINT NOT NULL,
        id       TEXT COLLATE "C" NOT NULL,
        value    TEXT,             -- JSON; NULL: a tombstone
        epitaph  TEXT,             -- JSON; a tombstone's alone
        status   TEXT,             -- JSON; region-local, never logged
        sequence BIGINT NOT NULL,  -- of the commit that last wrote value or tombstone
        format   BIGINT NOT NULL,
        PRIMARY KEY (account, kind, id)
    );
    CREATE TABLE change_log (
        log      BIGINT NOT NULL,
        sequence BIGINT NOT NULL,
        epoch    BIGINT NOT NULL,
        caller   TEXT NOT NULL,
        time_us  BIGINT NOT NULL,  -- since 1970, UTC
        changes  TEXT NOT NULL,    -- JSON (store/change_codec.h)
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
    )sql",
    R"sql(
    -- One row: the name of the process that writes here, drawn anew by each.
    CREATE TABLE writer (
        owner TEXT NOT NULL
    );
    INSERT INTO writer VALUES ('');
    )sql",
    R"sql(
    CREATE TABLE packages (
        sha256     TEXT COLLATE "C" NOT NULL PRIMARY KEY,  -- of the zip, base64
        zip        BYTEA NOT NULL,
        carried_us BIGINT NOT NULL,  -- since 1970, UTC: when a commit carried it last
        format     BIGINT NOT NULL
    );
    )sql",
    R"sql(
    -- Whoever looks for one knows its row (store/sql_packages.h).
    ALTER TABLE packages RENAME TO old_packages;
    CREATE TABLE packages (
        id         BIGINT NOT NULL CONSTRAINT packages_id PRIMARY KEY,
        sha256     TEXT COLLATE "C" NOT NULL,  -- of the zip, base64; each once
        carried_us BIGINT NOT NULL,  -- since 1970, UTC: when a commit carried it last
        format     BIGINT NOT NULL,
        zip        BYTEA NOT NULL
    );
    INSERT INTO packages SELECT row_number() OVER (), sha256, carried_us, format, zip
        FROM old_packages;
    DROP TABLE old_packages;
    )sql",
};

Result<std::int64_t> count_of(SqlConnection& connection, std::string_view sql) {
    MERIDIAN_TRY(auto rows, connection.query(sql));
    MERIDIAN_TRY(bool const found, rows.next());
    return found ? rows.integer(0) : 0;
}

// The version that stands in the schema's own table; 0 where there is none.
Result<std::int64_t> version_of(SqlConnection& connection, std::string const& schema) {
    MERIDIAN_TRY(auto const tables, count_of(connection,
                                             "SELECT count(*) FROM information_schema.tables "
                                             "WHERE table_schema = current_schema()"));
    if (tables == 0) return 0;
    MERIDIAN_TRY(auto const ours, count_of(connection,
                                           "SELECT count(*) FROM information_schema.tables WHERE "
                                           "table_schema = current_schema() AND "
                                           "table_name = 'meridian_schema'"));
    if (ours == 0) {
        return fail(
            Errc::kCorrupt,
            fmt::format("The PostgreSQL schema {} has tables, but not Meridian's.", schema));
    }
    return count_of(connection, "SELECT version FROM meridian_schema");
}

Result<void> migrate_from(SqlConnection& connection, std::string const& schema) {
    MERIDIAN_TRY(auto const version, version_of(connection, schema));
    if (version > kPostgresSchemaVersion) {
        return fail(Errc::kCorrupt,
                    fmt::format("The PostgreSQL schema {} was written by a newer version of "
                                "Meridian (its schema is version {}, this program knows {}). Start "
                                "that version, or restore a backup.",
                                schema, version, kPostgresSchemaVersion));
    }
    if (version == 0) {
        MERIDIAN_CHECK(
            connection.execute("CREATE TABLE meridian_schema (version BIGINT NOT NULL); "
                               "INSERT INTO meridian_schema VALUES (0)"));
    }
    for (auto at = version; at < kPostgresSchemaVersion; ++at) {
        MERIDIAN_CHECK(connection.execute(kPostgresMigrations.at(static_cast<std::size_t>(at))));
    }
    return connection.execute(
        fmt::format("UPDATE meridian_schema SET version = {}", kPostgresSchemaVersion).c_str());
}

Result<void> migrate(PostgresConnection& connection, std::string const& schema) {
    MERIDIAN_CHECK(connection.make_schema());
    // One transaction for all steps: a crash leaves the old version.
    MERIDIAN_CHECK(connection.begin(Durability::kImmediate));
    auto migrated = migrate_from(connection, schema);
    if (migrated) migrated = connection.commit();
    if (!migrated && connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
    return migrated;
}

}  // namespace

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(PostgresOptions const& options,
                                                           Clock const& clock, Log& log,
                                                           RecordSeal const* seal) {
    using Role = PostgresConnection::Role;
    MERIDIAN_TRY(auto writer, PostgresConnection::open(options, Role::kWriter, log));
    MERIDIAN_CHECK(migrate(*writer, options.schema));
    MERIDIAN_CHECK(writer->take_ownership());
    std::vector<std::unique_ptr<SqlConnection>> readers;
    for (std::size_t i = 0; i < kStoreReaders; ++i) {
        MERIDIAN_TRY(auto reader, PostgresConnection::open(options, Role::kReader, log));
        readers.push_back(std::move(reader));
    }
    auto index = std::make_unique<PackageIndex>();
    MERIDIAN_CHECK(index->load(*writer));
    return std::unique_ptr<PostgresStore>(new PostgresStore({.writer = std::move(writer),
                                                             .readers = std::move(readers),
                                                             .index = std::move(index),
                                                             .seal = seal},
                                                            clock, log, kStoreQueueMax));
}

}  // namespace meridian::store
