#pragma once
// Where a change log is read from: a region of this process (store_change_source.h) or, later,
// another one. Pull, resumable by sequence: the reader's own last sequence is the cursor, so that
// the source keeps no account of its readers.
//
// Threads: call on the reader's executor.

#include <chrono>
#include <cstddef>
#include <vector>

#include "io/task.h"
#include "store/store.h"

namespace meridian::regions {

struct ChangePage {
    // Oldest first. A source over a network may repeat itself or leave some out: the reader checks.
    std::vector<store::LogEntry> entries = {};
    // Where the source's log stood then, at least.
    store::Sequence last_sequence = 0;
};

class ChangeSource {
  public:
    virtual ~ChangeSource() = default;

    // Entries with sequence > `after`. If there are none it waits for one, `wait` at most; the page
    // may be empty then. Errors: kUnavailable when the source cannot be reached, kCancelled,
    // those of Store::read_log.
    virtual io::Task<ChangePage> read_after(store::Sequence after, std::size_t limit,
                                            std::chrono::milliseconds wait) = 0;
};

}  // namespace meridian::regions
