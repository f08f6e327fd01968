#include "store/sqlite_store.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "io/unique_fd.h"
#include "store/sql_reads.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_writer.h"

namespace meridian::store {
namespace {

constexpr std::size_t kReaders = 2;

// A file is always there.
class SqliteSession final : public SqlSession {
  public:
    explicit SqliteSession(SqliteConnection connection) : connection_(std::move(connection)) {}
    Result<SqlConnection*> connection() override { return &connection_; }

  private:
    SqliteConnection connection_;
};

// Definitions hold what customers put into environment variables: nobody else reads the file.
// SQLite gives its other files the mode of this one.
Result<void> create_file(std::filesystem::path const& path) {
    io::UniqueFd const file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.valid()) return {};
    return fail(Errc::kIo, fmt::format("Cannot open {}: {}", path.string(), std::strerror(errno)));
}

Result<SqliteConnection> open_writer(std::filesystem::path const& path) {
    MERIDIAN_TRY(auto connection,
                 SqliteConnection::open(path, SqliteConnection::Access::kReadWrite));
    // First of all: it fails on a file that is no database, before anything is written.
    MERIDIAN_CHECK(migrate(connection, path));
    MERIDIAN_CHECK(connection.execute("PRAGMA journal_mode = WAL"));
    MERIDIAN_CHECK(connection.execute("PRAGMA synchronous = FULL"));
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
    MERIDIAN_TRY(auto writer, open_writer(options.path));
    Threads threads{.writer = std::make_unique<SqliteWriter>(std::move(writer)), .readers = {}};
    for (std::size_t i = 0; i < kReaders; ++i) {
        MERIDIAN_TRY(auto reader,
                     SqliteConnection::open(options.path, SqliteConnection::Access::kReadOnly));
        // Opens the file: a connection is lazy, and a failure belongs here.
        MERIDIAN_CHECK(read_last_sequence(reader, LogName::kRegion));
        threads.readers.push_back(std::make_unique<SqliteSession>(std::move(reader)));
    }
    return std::unique_ptr<SqliteStore>(
        new SqliteStore(std::move(threads), {.queue_max = options.queue_max}, clock, log));
}

}  // namespace meridian::store
