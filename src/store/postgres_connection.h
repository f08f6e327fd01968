#pragma once
// One connection to a PostgreSQL server and its prepared statements, over libpq, blocking. An error
// of the server is kIo; kUnavailable when the server cannot be reached.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "store/sql_connection.h"

struct pg_conn;
struct pg_result;

namespace meridian::store {

class PostgresConnection final : public SqlConnection {
  public:
    // `url` is libpq's (postgres://…). A server that was given up on for 15 s counts as lost.
    // Statements see `schema` alone, which need not exist yet. kCorrupt if the server or the
    // database cannot hold a store.
    static Result<PostgresConnection> open(std::string const& url, std::string const& schema);

    // Several statements may stand in one text.
    Result<void> execute(char const* sql) override;
    [[nodiscard]] bool autocommit() const override;
    [[nodiscard]] bool lost() const override;

    // COMMIT that fails if the server rolled back instead. If the connection is lost, nobody knows.
    Result<void> commit();
    // The server's process for this connection.
    [[nodiscard]] std::int64_t backend() const;
    [[nodiscard]] Result<std::string> quoted_name(std::string_view name);

  protected:
    Result<std::unique_ptr<SqlCursor>> run(std::string_view sql,
                                           std::span<SqlValue const> values) override;

  private:
    struct Close {
        void operator()(pg_conn* connection) const noexcept;
    };

    explicit PostgresConnection(std::unique_ptr<pg_conn, Close> connection)
        : connection_(std::move(connection)) {}
    // The name of the server's prepared statement.
    Result<std::string> prepared(std::string_view sql);
    Result<void> prepare_session(std::string const& schema);

    std::unique_ptr<pg_conn, Close> connection_;
    std::unordered_map<std::string_view, std::string> statements_;
};

}  // namespace meridian::store
