#pragma once
// A connection to a relational database, as the store's queries use it: one dialect that SQLite and
// PostgreSQL both understand. Errors are the database's own: kIo, or kCorrupt for a damaged file.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"

namespace meridian::store {

// Bytes that are no text.
struct SqlBytes {
    std::string_view bytes;
};
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view, SqlBytes>;

// What a statement found, row by row.
class SqlCursor {
  public:
    virtual ~SqlCursor() = default;
    virtual Result<bool> next() = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
    [[nodiscard]] virtual std::string bytes(int column) const = 0;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
};

// Must not outlive its connection; one at a time for the same statement.
class SqlRows {
  public:
    explicit SqlRows(std::unique_ptr<SqlCursor> cursor) : cursor_(std::move(cursor)) {}

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
    [[nodiscard]] std::string bytes(int column) const { return cursor_->bytes(column); }
    [[nodiscard]] bool is_null(int column) const { return cursor_->is_null(column); }

  private:
    std::unique_ptr<SqlCursor> cursor_;
};

// When a commit survives a power cut of the machine that this process runs on: before it returns,
// or a little later (kEventual), in order with the others all the same.
enum class Durability { kImmediate, kEventual };

class SqlConnection {
  public:
    virtual ~SqlConnection() = default;

    // Runs SQL without parameters or rows: settings, transactions, schema.
    virtual Result<void> execute(char const* sql) = 0;
    // Prepares `sql` (once: it must be a literal, with ? for its parameters) and binds them in
    // order.
    template <typename... Values>
    Result<SqlRows> query(std::string_view sql, Values const&... values) {
        if constexpr (sizeof...(values) == 0) {
            return start(sql, {});
        } else {
            SqlValue const list[] = {SqlValue(values)...};
            return start(sql, list);
        }
    }

    // Begins to write. Undoes what is left of another transaction, and connects again if need be.
    virtual Result<void> begin(Durability least) = 0;
    // Between begin() and commit(), and the database has not rolled back by itself.
    [[nodiscard]] virtual bool in_transaction() const = 0;
    // COMMIT. kIo: surely nothing was written; kOutcomeUnknown.
    virtual Result<void> commit() = 0;
    // Does what can wait until nobody does, outside a transaction.
    virtual void tidy() {}

  protected:
    virtual Result<SqlRows> start(std::string_view sql, std::span<SqlValue const> values) = 0;
};

}  // namespace meridian::store
