#pragma once
// One connection to an SQLite database and its prepared statements, with errors as Results. An
// error of the library is kIo; kCorrupt when SQLite says that the file is damaged or is no
// database.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meridian::store {

// A prepared statement in use; when it goes, the connection may use it again. Must not outlive it.
class SqliteStatement {
  public:
    explicit SqliteStatement(sqlite3_stmt* statement) noexcept : statement_(statement) {}
    SqliteStatement(SqliteStatement&& other) noexcept
        : statement_(std::exchange(other.statement_, nullptr)) {}
    SqliteStatement& operator=(SqliteStatement&&) = delete;
    ~SqliteStatement();

    // True when there is a row to look at.
    Result<bool> next();
    // For a statement without rows.
    Result<void> run();

    [[nodiscard]] std::int64_t integer(int column) const;
    // Valid until the next call of next().
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

    // Parameters count from 1. The bytes are copied.
    Result<void> bind(int parameter, std::string_view value);
    Result<void> bind(int parameter, std::int64_t value);
    Result<void> bind(int parameter, std::nullptr_t);

  private:
    sqlite3_stmt* statement_;
};

class SqliteConnection {
  public:
    enum class Access { kReadWrite, kReadOnly };

    // The file must exist. Statements wait up to 10 s for another process's lock.
    static Result<SqliteConnection> open(std::filesystem::path const& path, Access access);

    // Runs SQL without parameters or rows: pragmas, transactions, schema.
    Result<void> execute(char const* sql);

    // Prepares `sql` (once: it must be a literal) and binds its parameters in order.
    template <typename... Values>
    Result<SqliteStatement> query(std::string_view sql, Values const&... values) {
        MERIDIAN_TRY(auto statement, prepared(sql));
        int parameter = 0;
        Result<void> bound;
        static_cast<void>(((bound = statement.bind(++parameter, values)).has_value() && ...));
        if (!bound) return std::unexpected(std::move(bound).error());
        return statement;
    }

    // False between BEGIN and COMMIT; true again if SQLite rolled back on its own.
    [[nodiscard]] bool autocommit() const;
    // The extended result code of the last failed call.
    [[nodiscard]] int last_code() const;

  private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };

    explicit SqliteConnection(std::unique_ptr<sqlite3, Close> database)
        : database_(std::move(database)) {}
    Result<SqliteStatement> prepared(std::string_view sql);

    std::unique_ptr<sqlite3, Close> database_;
    // After database_, so that statements go first.
    std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace meridian::store
