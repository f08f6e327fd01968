#pragma once
// Keeps one region's copy of the account log equal to its home's, by pulling. The dead need to do
// nothing, and an interrupted pull goes on where it stopped: the copy's own last sequence is the
// cursor.
//
// Threads: belongs to its region's executor. Pulls that overlap are harmless: applying an entry
// twice changes nothing.

#include <vector>

#include "base/log.h"
#include "io/task.h"
#include "store/store.h"

namespace meridian::regions {

// Where a change log is read from.
class ChangeSource {
  public:
    virtual ~ChangeSource() = default;
    // Entries with sequence > `after`, oldest first; empty when there are none.
    virtual io::Task<std::vector<store::LogEntry>> read_after(store::Sequence after,
                                                              std::size_t limit) = 0;
};

// A source in this process.
class StoreChangeSource final : public ChangeSource {
  public:
    StoreChangeSource(store::Store& store, store::LogName log) : store_(store), log_(log) {}
    io::Task<std::vector<store::LogEntry>> read_after(store::Sequence after,
                                                      std::size_t limit) override;

  private:
    store::Store& store_;
    store::LogName log_;
};

class AccountFollower {
  public:
    AccountFollower(ChangeSource& source, store::Store& copy) : source_(source), copy_(copy) {}

    // Pulls until the source has no more. Errors: the source's or the copy's; what was applied
    // stays.
    io::Task<> catch_up();
    // Catches up for ever, at least every `interval`. Run in a TaskScope; errors are logged and
    // tried again.
    io::Task<> run(std::chrono::milliseconds interval, Log& log);

  private:
    ChangeSource& source_;
    store::Store& copy_;
};

}  // namespace meridian::regions
