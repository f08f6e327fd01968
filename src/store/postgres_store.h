#pragma once
// The Store over one schema of a PostgreSQL database (docs/formats/store.md), as SqliteStore over a
// file: one writer commits in groups, two readers. A server that restarts is waited for; what was
// acknowledged was committed with synchronous_commit.
//
// Threads: as sql_store.h.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "store/sql_store.h"

namespace meridian::store {

struct PostgresStoreOptions {
    std::string url;     // libpq's: postgres://USER@HOST:PORT/DATABASE?…
    std::string schema;  // at most 63 bytes; one store's alone
    // As SqlStoreOptions::queue_max.
    std::size_t queue_max = 4096;
};

class PostgresStore final : public SqlStore {
  public:
    // Makes the schema or brings an older one up to date. Blocks, for some seconds while another
    // process has the schema. Errors: kUnavailable if the server cannot be reached or another
    // process writes the schema; kIo; kCorrupt if the schema is another program's, or a newer
    // version's.
    static Result<std::unique_ptr<PostgresStore>> open(PostgresStoreOptions const& options,
                                                       Clock const& clock, Log& log);
    ~PostgresStore() override;

  private:
    PostgresStore(Threads threads, SqlStoreOptions const& options,
                  std::shared_ptr<std::atomic<bool>> closing, Clock const& clock, Log& log);

    std::shared_ptr<std::atomic<bool>> closing_;
};

}  // namespace meridian::store
