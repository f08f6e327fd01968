#pragma once
// How PostgreSQL commits a group: one transaction, numbered in the schema's `writer` row, so that
// after a connection was lost during COMMIT the server can still tell whether it was committed.
//
// Threads: the store's writer thread.

#include "store/group_commit.h"
#include "store/postgres_session.h"

namespace meridian::store {

class PostgresWriter final : public GroupWriter {
  public:
    explicit PostgresWriter(PostgresOwner owner) : owner_(std::move(owner)) {}

    // kOutcomeUnknown only if the connection was lost during COMMIT and there is no other in time.
    Result<std::vector<Result<Sequence>>> write(std::span<WriteJob const> jobs) override;

  private:
    PostgresOwner owner_;
};

}  // namespace meridian::store
