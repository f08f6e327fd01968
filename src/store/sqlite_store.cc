#include "store/sqlite_store.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "io/unique_fd.h"
#include "store/sql_reads.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"

namespace meridian::store {
namespace {

// 32 MiB of pages for each reader, in place of SQLite's 2: a read among 100,000 functions costs it
// 26 us so, and 32 us with those (23 among 10). A commit by the writer empties it.
constexpr char const* kReaderCache = "PRAGMA cache_size = -32768";

// Definitions hold what customers put into environment variables: nobody else reads the file.
// SQLite gives its other files the mode of this one.
Result<void> create_file(std::filesystem::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.valid()) return {};
    return fail(Errc::kIo, fmt::format("Cannot open {}: {}", path.string(), std::strerror(errno)));
}

Result<SqliteConnection> open_writer(std::filesystem::path const& path, int checkpoint_pages) {
    MERIDIAN_TRY(auto connection,
                 SqliteConnection::open(path, SqliteConnection::Access::kReadWrite));
    // First of all: it fails on a file that is no database, before anything is written.
    MERIDIAN_CHECK(migrate(connection, path));
    MERIDIAN_CHECK(connection.execute("PRAGMA journal_mode = WAL"));
    MERIDIAN_CHECK(connection.execute("PRAGMA synchronous = FULL"));
    connection.checkpoint_at(checkpoint_pages);
    // The log file shrinks again after a burst.
    MERIDIAN_CHECK(connection.execute("PRAGMA journal_size_limit = 67108864"));
    {
        MERIDIAN_TRY(auto mode, connection.query("PRAGMA journal_mode"));
        MERIDIAN_TRY(bool const found, mode.next());
        if (!found || mode.text(0) != "wal") {
            return fail(Errc::kIo,
                        fmt::format("{}: this file system does not support WAL.", path.string()));
        }
    }
    return connection;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteStoreOptions const& options,
                                                       Clock const& clock, Log& log) {
    MERIDIAN_CHECK(create_file(options.path));
    MERIDIAN_TRY(auto writer, open_writer(options.path, options.checkpoint_pages));
    std::vector<std::unique_ptr<SqlConnection>> readers;
    for (std::size_t i = 0; i < kStoreReaders; ++i) {
        MERIDIAN_TRY(auto reader,
                     SqliteConnection::open(options.path, SqliteConnection::Access::kReadOnly));
        // Opens the file: a connection is lazy, and a failure belongs here.
        MERIDIAN_CHECK(reader.execute(kReaderCache));
        MERIDIAN_CHECK(read_last_sequence(reader, LogName::kRegion));
        readers.push_back(std::make_unique<SqliteConnection>(std::move(reader)));
    }
    auto index = std::make_unique<PackageIndex>();
    MERIDIAN_CHECK(index->load(writer));
    return std::unique_ptr<SqliteStore>(
        new SqliteStore({.writer = std::make_unique<SqliteConnection>(std::move(writer)),
                         .readers = std::move(readers),
                         .index = std::move(index),
                         .seal = options.seal},
                        clock, log, options.queue_max));
}

}  // namespace meridian::store
