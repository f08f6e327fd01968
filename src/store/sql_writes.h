#pragma once
// What a commit and an apply do inside an open database transaction. The caller begins and ends
// that transaction, and undoes it (or its savepoint) when one of these fails.
//
// Threads: the store's writer thread.

#include "store/sql.h"
#include "store/store.h"

namespace meridian::store {

// Store::commit(); `now` becomes the log entry's time.
Result<Sequence> write_transaction(SqlConnection& connection, Transaction const& transaction,
                                   WallTime now);

// Store::apply(); returns the entry's sequence.
Result<Sequence> write_entry(SqlConnection& connection, LogEntry const& entry);

}  // namespace meridian::store
