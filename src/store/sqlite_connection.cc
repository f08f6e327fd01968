#include "store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace meridian::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;
// A log of fewer pages stays: what comes next writes some of them anew. 4 MiB, SQLite's own
// default.
constexpr int kTidyPages = 1'000;

Error error_of(sqlite3* database, std::string_view doing) {
    int const code = sqlite3_extended_errcode(database);
    bool const damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return {damaged ? Errc::kCorrupt : Errc::kIo,
            fmt::format("SQLite: {}: {} ({})", doing, sqlite3_errmsg(database), code)};
}

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

// A prepared statement in use; when it goes, the connection may use it again.
class Statement final : public SqlCursor {
  public:
    explicit Statement(sqlite3_stmt* statement) noexcept : statement_(statement) {}
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;
    ~Statement() override {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

    Result<bool> next() override {
        int const code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        return failed();
    }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] std::string_view text(int column) const override {
        auto const* bytes = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
        if (!bytes) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    [[nodiscard]] std::string bytes(int column) const override {
        auto const* bytes = static_cast<char const*>(sqlite3_column_blob(statement_, column));
        if (!bytes) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    [[nodiscard]] bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }

    // Parameters count from 1. Texts are copied; of bytes, which are large, the caller's are used
    // until the statement has run.
    Result<void> bind(int parameter, SqlValue const& value) {
        int code = SQLITE_OK;
        if (auto const* const number = std::get_if<std::int64_t>(&value)) {
            code = sqlite3_bind_int64(statement_, parameter, *number);
        } else if (auto const* const text = std::get_if<std::string_view>(&value)) {
            // A null pointer would bind NULL.
            char const* const bytes = text->data() ? text->data() : "";
            code = sqlite3_bind_text64(statement_, parameter, bytes, text->size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
        } else if (auto const* const blob = std::get_if<SqlBytes>(&value)) {
            code = sqlite3_bind_blob64(statement_, parameter, blob->bytes.data(),
                                       blob->bytes.size(), SQLITE_STATIC);
        } else {
            code = sqlite3_bind_null(statement_, parameter);
        }
        if (code != SQLITE_OK) return failed();
        return {};
    }

  private:
    [[nodiscard]] std::unexpected<Error> failed() const {
        return std::unexpected(error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_)));
    }

    sqlite3_stmt* const statement_;
};

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* database) const noexcept {
    sqlite3_close_v2(database);
}

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

Result<SqliteConnection> SqliteConnection::open(std::filesystem::path const& path, Access access) {
    sqlite3* raw = nullptr;
    // NOMUTEX: one thread at a time uses a connection.
    int const flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int const code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    std::unique_ptr<sqlite3, Close> database(raw);
    if (code != SQLITE_OK) {
        if (!database) return fail(Errc::kIo, "SQLite: out of memory");
        return std::unexpected(error_of(database.get(), "open " + path.string()));
    }
    sqlite3_busy_timeout(database.get(), kBusyMilliseconds);
    return SqliteConnection(std::move(database));
}

Result<void> SqliteConnection::execute(char const* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return std::unexpected(error_of(database_.get(), sql));
    }
    return {};
}

Result<void> SqliteConnection::begin(Durability least) {
    // What could not be undone must not leak into what comes.
    if (in_transaction()) static_cast<void>(execute("ROLLBACK"));
    if (least != durability_) {
        // In WAL mode NORMAL keeps the order of commits and syncs them with the next that is FULL.
        MERIDIAN_CHECK(execute(least == Durability::kImmediate ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL"));
        durability_ = least;
    }
    return run("BEGIN IMMEDIATE");
}

bool SqliteConnection::in_transaction() const {
    return sqlite3_get_autocommit(database_.get()) == 0;
}

Result<void> SqliteConnection::commit() {
    auto committed = run("COMMIT");
    if (committed) return {};
    int const code = sqlite3_extended_errcode(database_.get());
    bool const undone = !in_transaction() || execute("ROLLBACK").has_value();
    if (surely_not_written(code) && undone) return fail(Errc::kIo, committed.error().message);
    return fail(Errc::kOutcomeUnknown, committed.error().message);
}

void SqliteConnection::checkpoint_at(int pages) {
    log_pages_->max = pages;
    // After each commit. It takes the place of SQLite's own automatic checkpoints, which tell
    // nobody how long the log is. One that fails is tried again with the next commit.
    sqlite3_wal_hook(
        database_.get(),
        [](void* kept, sqlite3* database, char const* name, int now) {
            auto& log = *static_cast<LogPages*>(kept);
            log.now = now;
            if (now >= log.max) sqlite3_wal_checkpoint(database, name);
            return SQLITE_OK;
        },
        log_pages_.get());
}

void SqliteConnection::tidy() {
    if (log_pages_->now < kTidyPages) return;
    log_pages_->now = 0;
    sqlite3_wal_checkpoint(database_.get(), nullptr);
}

Result<void> SqliteConnection::run(std::string_view sql) {
    MERIDIAN_TRY(auto rows, start(sql, {}));
    return rows.run();
}

Result<SqlRows> SqliteConnection::start(std::string_view sql, std::span<SqlValue const> values) {
    MERIDIAN_TRY(auto* const raw, prepared(sql));
    auto statement = std::make_unique<Statement>(raw);
    int parameter = 0;
    for (auto const& value : values) {
        MERIDIAN_CHECK(statement->bind(++parameter, value));
    }
    return SqlRows(std::move(statement));
}

Result<sqlite3_stmt*> SqliteConnection::prepared(std::string_view sql) {
    auto& statement = statements_[sql];
    if (!statement) {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
            return std::unexpected(error_of(database_.get(), sql));
        }
        statement.reset(raw);
    }
    return statement.get();
}

}  // namespace meridian::store
