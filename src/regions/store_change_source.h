#pragma once
// A log of a region in this process as a source. A commit there wakes the long poll at once.
//
// Threads: the region that is read and the one that reads share an executor.

#include "regions/change_source.h"
#include "regions/watched_store.h"

namespace meridian::regions {

class StoreChangeSource final : public ChangeSource {
  public:
    // `store` must outlive it.
    StoreChangeSource(WatchedStore& store, store::LogName log) : store_(store), log_(log) {}
    io::Task<ChangePage> read_after(store::Sequence after, std::size_t limit,
                                    std::chrono::milliseconds wait) override;

  private:
    io::Task<ChangePage> read(store::Sequence after, std::size_t limit);

    WatchedStore& store_;
    store::LogName const log_;
};

}  // namespace meridian::regions
