#pragma once
// One connection to a PostgreSQL server and its prepared statements. It connects again by itself
// between transactions, and finds out what became of a COMMIT whose answer was lost.
//
// Threads: one thread at a time. Owned by whoever runs that thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "store/sql.h"

struct pg_conn;

namespace meridian::store {

struct PostgresOptions {
    std::string url;     // postgres://user@host:port/database, or any libpq connection string
    std::string schema;  // where the tables are; made if it is missing
    // How long a connection that was lost is tried again before calls fail with kIo.
    std::chrono::milliseconds reconnect_max = std::chrono::seconds(10);
};

class PostgresConnection final : public SqlConnection {
  public:
    enum class Role {
        kWriter,  // holds the schema's lock: one writer in the whole cluster
        kReader,
    };

    // Connects. kIo with the server's words; kUnavailable where another process writes to the
    // schema.
    static Result<std::unique_ptr<PostgresConnection>> open(PostgresOptions options, Role role,
                                                            Log& log);
    ~PostgresConnection() override;

    Result<void> execute(char const* sql) override;
    Result<void> begin(Durability least) override;
    [[nodiscard]] bool in_transaction() const override;
    Result<void> commit() override;

    // Makes the schema if it is missing.
    Result<void> make_schema();
    // Writes a name of this process's own into the schema. Should the lock be lost with the
    // connection, another may write meanwhile, and what this process has in memory is old: when it
    // is back and finds another name, it writes no more (kUnavailable, for good).
    Result<void> take_ownership();

  protected:
    Result<SqlRows> start(std::string_view sql, std::span<SqlValue const> values) override;

  private:
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };

    PostgresConnection(PostgresOptions options, Role role, Log& log)
        : options_(std::move(options)), role_(role), log_(log) {}
    Result<void> connect();
    Result<void> lock_schema();
    Result<void> check_ownership();
    // Tries for reconnect_max.
    Result<void> connect_again();
    [[nodiscard]] bool alive() const;
    // What became of the transaction: nothing if the server does not know any more.
    Result<std::optional<bool>> was_committed(std::string const& transaction_id);
    Result<std::string> single_text(char const* sql);

    PostgresOptions const options_;
    Role const role_;
    Log& log_;
    std::string owner_;  // our name in the schema, once taken
    bool replaced_ = false;
    std::unique_ptr<pg_conn, Finish> connection_;
    // SQL → the name under which this connection has it prepared.
    std::unordered_map<std::string_view, std::string> prepared_;
};

}  // namespace meridian::store
