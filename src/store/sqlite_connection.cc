#include "store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace meridian::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;

Error error_of(sqlite3* database, std::string_view doing) {
    int const code = sqlite3_extended_errcode(database);
    bool const damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return {damaged ? Errc::kCorrupt : Errc::kIo,
            fmt::format("SQLite: {}: {} ({})", doing, sqlite3_errmsg(database), code)};
}

}  // namespace

SqliteStatement::~SqliteStatement() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

Result<bool> SqliteStatement::next() {
    int const code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_)));
}

Result<void> SqliteStatement::run() {
    MERIDIAN_CHECK(next());
    return {};
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string_view SqliteStatement::text(int column) const {
    auto const* bytes = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<void> SqliteStatement::bind(int parameter, std::string_view value) {
    // A null pointer would bind NULL.
    char const* const bytes = value.data() ? value.data() : "";
    if (sqlite3_bind_text64(statement_, parameter, bytes, value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK) {
        return std::unexpected(error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_)));
    }
    return {};
}

Result<void> SqliteStatement::bind(int parameter, std::int64_t value) {
    if (sqlite3_bind_int64(statement_, parameter, value) != SQLITE_OK) {
        return std::unexpected(error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_)));
    }
    return {};
}

Result<void> SqliteStatement::bind(int parameter, std::nullptr_t) {
    if (sqlite3_bind_null(statement_, parameter) != SQLITE_OK) {
        return std::unexpected(error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_)));
    }
    return {};
}

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

bool SqliteConnection::autocommit() const { return sqlite3_get_autocommit(database_.get()) != 0; }

int SqliteConnection::last_code() const { return sqlite3_extended_errcode(database_.get()); }

Result<SqliteStatement> SqliteConnection::prepared(std::string_view sql) {
    auto& statement = statements_[sql];
    if (!statement) {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
            return std::unexpected(error_of(database_.get(), sql));
        }
        statement.reset(raw);
    }
    return SqliteStatement(statement.get());
}

}  // namespace meridian::store
