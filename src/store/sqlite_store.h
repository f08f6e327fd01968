#pragma once
// The Store over one SQLite file (docs/formats/store.md), in WAL mode with synchronous=FULL.
//
// The writer runs each transaction in a savepoint of its own and ends with one COMMIT, one fsync
// for all. Two readers.
//
// Threads: as sql_store.h.

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "store/sql_store.h"

namespace meridian::store {

struct SqliteStoreOptions {
    std::filesystem::path path;
    // As SqlStoreOptions::queue_max.
    std::size_t queue_max = 4096;
};

class SqliteStore final : public SqlStore {
  public:
    // Creates the file (its directory must exist) or brings an older one up to date. Blocks.
    // Errors: kIo; kCorrupt if the file is damaged, another program's, or a newer version's.
    static Result<std::unique_ptr<SqliteStore>> open(SqliteStoreOptions const& options,
                                                     Clock const& clock, Log& log);

  private:
    using SqlStore::SqlStore;
};

}  // namespace meridian::store
