#pragma once
// The Store over one SQLite file, in WAL mode with synchronous=FULL. Threads: as sql_store.h.

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "store/sql_store.h"

namespace meridian::store {

struct SqliteStoreOptions {
    std::filesystem::path path;
    std::size_t queue_max = kStoreQueueMax;
    // How long the write-ahead log grows before it is moved into the database while others wait, in
    // pages of 4 KiB. It is moved sooner when nobody does.
    int checkpoint_pages = 8'000;
    RecordSeal const* seal = nullptr;  // as SqlStore::Parts has it
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
