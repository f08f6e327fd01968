#pragma once
// How SQLite commits a group: one BEGIN IMMEDIATE, one COMMIT, one fsync.
//
// Threads: the store's writer thread.

#include "store/group_commit.h"
#include "store/sqlite_connection.h"

namespace meridian::store {

class SqliteWriter final : public GroupWriter {
  public:
    explicit SqliteWriter(SqliteConnection connection) : connection_(std::move(connection)) {}

    Result<std::vector<Result<Sequence>>> write(std::span<WriteJob const> jobs) override;
    // For whoever has the writer's thread.
    [[nodiscard]] SqliteConnection& connection() { return connection_; }

  private:
    SqliteConnection connection_;
};

}  // namespace meridian::store
