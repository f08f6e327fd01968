#pragma once
// The Store in one schema of a PostgreSQL database (14 or newer). One process at a time writes to a
// schema; a second one is refused. Threads: as sql_store.h.

#include <memory>

#include "base/result.h"
#include "store/postgres_connection.h"
#include "store/sql_store.h"

namespace meridian::store {

inline constexpr std::int64_t kPostgresSchemaVersion = 4;

class PostgresStore final : public SqlStore {
  public:
    // Makes the schema or brings an older one up to date. Blocks. Errors: kIo; kUnavailable where
    // another process has it; kCorrupt if it is another program's or a newer version's.
    static Result<std::unique_ptr<PostgresStore>> open(PostgresOptions const& options,
                                                       Clock const& clock, Log& log,
                                                       RecordSeal const* seal = nullptr);

  private:
    using SqlStore::SqlStore;
};

}  // namespace meridian::store
