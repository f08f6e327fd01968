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

class SqliteCursor final : public SqlCursor {
  public:
    explicit SqliteCursor(sqlite3_stmt* statement) noexcept : statement_(statement) {}
    ~SqliteCursor() override {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    SqliteCursor(SqliteCursor const&) = delete;
    SqliteCursor& operator=(SqliteCursor const&) = delete;

    Result<bool> next() override {
        int const code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        return std::unexpected(error());
    }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] std::string_view text(int column) const override {
        auto const* bytes = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
        if (!bytes) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    [[nodiscard]] bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }

    // Parameters count from 1.
    Result<void> bind(int parameter, SqlValue const& value) {
        if (code_of_binding(parameter, value) != SQLITE_OK) return std::unexpected(error());
        return {};
    }

  private:
    int code_of_binding(int parameter, SqlValue const& value) {
        if (auto const* const number = std::get_if<std::int64_t>(&value))
            return sqlite3_bind_int64(statement_, parameter, *number);
        if (auto const* const text = std::get_if<std::string_view>(&value)) {
            // A null pointer would bind NULL.
            char const* const bytes = text->data() ? text->data() : "";
            return sqlite3_bind_text64(statement_, parameter, bytes, text->size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
        }
        return sqlite3_bind_null(statement_, parameter);
    }
    [[nodiscard]] Error error() const {
        return error_of(sqlite3_db_handle(statement_), sqlite3_sql(statement_));
    }

    sqlite3_stmt* statement_;
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

bool SqliteConnection::autocommit() const { return sqlite3_get_autocommit(database_.get()) != 0; }

int SqliteConnection::last_code() const { return sqlite3_extended_errcode(database_.get()); }

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

Result<std::unique_ptr<SqlCursor>> SqliteConnection::run(std::string_view sql,
                                                         std::span<SqlValue const> values) {
    MERIDIAN_TRY(auto* const statement, prepared(sql));
    auto cursor = std::make_unique<SqliteCursor>(statement);
    int parameter = 0;
    for (auto const& value : values) {
        MERIDIAN_CHECK(cursor->bind(++parameter, value));
    }
    return cursor;
}

}  // namespace meridian::store
