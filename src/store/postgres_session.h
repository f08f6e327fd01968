#pragma once
// Connections to PostgreSQL that outlive a restart of the server: a lost one is made again, with a
// bound. PostgresSession is for reading; PostgresOwner is the one that may write a schema, and
// nobody else's may while it lives.
//
// Threads: each belongs to one thread of the store; `closing` is any thread's.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "store/postgres_connection.h"
#include "store/sql_connection.h"

namespace meridian::store {

struct PostgresTarget {
    std::string url;
    std::string schema;
    // Once it is true nobody waits any more for a server that is gone.
    std::shared_ptr<std::atomic<bool>> closing;
};

class PostgresSession final : public SqlSession {
  public:
    PostgresSession(PostgresTarget target, PostgresConnection connection)
        : target_(std::move(target)), connection_(std::move(connection)) {}

    // Tries for about 15 s where the server refuses, for a minute at most where nothing answers;
    // once that was in vain, a single time. kUnavailable.
    Result<SqlConnection*> connection() override;

  private:
    PostgresTarget target_;
    PostgresConnection connection_;
    bool given_up_ = false;
};

// The right to write a schema: a session's advisory lock on it, and a name in its `writer` row. The
// lock ends with the session; whoever takes it puts a new name there, so that one who comes back
// after another has written notices.
class PostgresOwner {
  public:
    // Makes the schema if it is not there, takes the lock (waiting for one that is just ending),
    // migrates. kUnavailable if another process has the lock; kCorrupt as migrate().
    static Result<PostgresOwner> take(PostgresTarget target, Log& log);

    // As PostgresSession::connection(), and the lock is held. For good kUnavailable once another
    // process had it.
    Result<PostgresConnection*> connection();
    [[nodiscard]] std::string const& name() const { return name_; }
    // Of the last transaction that is known to be committed.
    [[nodiscard]] std::int64_t last_group() const { return last_group_; }
    void set_last_group(std::int64_t group) { last_group_ = group; }
    // Somebody else's name stands in the schema.
    Error dispossessed();

  private:
    PostgresOwner(PostgresTarget target, PostgresConnection connection, Log& log)
        : target_(std::move(target)), connection_(std::move(connection)), log_(log) {}
    Result<PostgresConnection> take_again();

    PostgresTarget target_;
    PostgresConnection connection_;
    Log& log_;
    std::string name_;
    std::int64_t last_group_ = 0;
    bool given_up_ = false;
    bool dispossessed_ = false;
};

}  // namespace meridian::store
