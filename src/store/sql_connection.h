#pragma once
// One connection to an SQL database, as the store's reads and writes use it: SQLite and PostgreSQL
// implement it, and one text of SQL serves both. Parameters are $1, $2, … in order of appearance;
// values are text, 64-bit integers and NULL.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace meridian::store {

using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view>;

// The rows of one statement. Must not outlive its connection.
class SqlCursor {
  public:
    virtual ~SqlCursor() = default;
    virtual Result<bool> next() = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
};

// A statement with its parameters, in use; when it goes, the connection may use it again.
class SqlStatement {
  public:
    explicit SqlStatement(std::unique_ptr<SqlCursor> cursor) : cursor_(std::move(cursor)) {}

    // True when there is a row to look at.
    Result<bool> next() { return cursor_->next(); }
    // For a statement without rows.
    Result<void> run() {
        MERIDIAN_CHECK(next());
        return {};
    }
    [[nodiscard]] std::int64_t integer(int column) const { return cursor_->integer(column); }
    // Valid until the next call of next().
    [[nodiscard]] std::string_view text(int column) const { return cursor_->text(column); }
    [[nodiscard]] bool is_null(int column) const { return cursor_->is_null(column); }

  private:
    std::unique_ptr<SqlCursor> cursor_;
};

class SqlConnection {
  public:
    virtual ~SqlConnection() = default;

    // Runs SQL without parameters or rows: transactions, schema, settings.
    virtual Result<void> execute(char const* sql) = 0;
    // False between BEGIN and COMMIT; true again if the database rolled back on its own.
    [[nodiscard]] virtual bool autocommit() const = 0;
    // Whether it is of no use any more: the server or the way to it is gone.
    [[nodiscard]] virtual bool lost() const = 0;

    // Prepares `sql` (once: it must be a literal) and binds its parameters in order.
    template <typename... Values>
    Result<SqlStatement> query(std::string_view sql, Values const&... values) {
        std::array<SqlValue, sizeof...(Values)> const bound{value_of(values)...};
        MERIDIAN_TRY(auto cursor, run(sql, bound));
        return SqlStatement(std::move(cursor));
    }

  protected:
    virtual Result<std::unique_ptr<SqlCursor>> run(std::string_view sql,
                                                   std::span<SqlValue const> values) = 0;

  private:
    static SqlValue value_of(std::string_view text) { return text; }
    static SqlValue value_of(std::int64_t number) { return number; }
    static SqlValue value_of(std::nullptr_t) { return nullptr; }
};

// A connection that is made again when it was lost.
class SqlSession {
  public:
    virtual ~SqlSession() = default;
    // One that was not lost when last used. May block for the implementation's bound; kUnavailable
    // beyond it. The reference holds until the next call.
    virtual Result<SqlConnection*> connection() = 0;
};

}  // namespace meridian::store
