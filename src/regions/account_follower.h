#pragma once
// Keeps one region's copy of the account log (IAM) equal to its home's, by pulling. The home need
// not know of it, and an interrupted pull goes on where it stopped: the copy's own last sequence is
// the cursor. Which region is the home, the log says itself (Kind::kIamHome).
//
// Threads: belongs to its region's executor. Pulls that overlap are harmless: applying an entry
// twice changes nothing.

#include <chrono>
#include <span>

#include "base/log.h"
#include "io/task.h"
#include "regions/change_source.h"
#include "regions/follow_rules.h"
#include "regions/growth_signal.h"
#include "store/store.h"

namespace meridian::regions {

class AccountFollower {
  public:
    // `source` and `copy` must outlive it.
    AccountFollower(ChangeSource& source, store::Store& copy, BackOff::Options back_off = {})
        : source_(source), copy_(copy), back_off_(back_off) {}

    // Pulls until the copy has everything that the source has now. Errors: the source's or the
    // copy's; kConflict when the two have parted. What was applied stays.
    io::Task<> catch_up();

    // Follows for ever, with long polls of `wait`. Errors are logged and tried again after a
    // growing wait. Run in a TaskScope; ends with kCancelled.
    io::Task<> run(std::chrono::milliseconds wait, Log& log);

    // Completes when the copy has this entry; run() must be running. kDeadlineExceeded after
    // `at_most`.
    io::Task<> wait_until(store::Sequence sequence, std::chrono::steady_clock::duration at_most);

    // The last entry that is known to be in the copy.
    [[nodiscard]] store::Sequence position() const noexcept { return position_; }

  private:
    friend io::Task<> wait_for_all(std::span<AccountFollower* const>, store::Sequence,
                                   std::chrono::steady_clock::duration);

    // One page; true when the copy then has all that the source has.
    io::Task<bool> pull(std::chrono::milliseconds wait);
    void advance_to(store::Sequence sequence);

    ChangeSource& source_;
    store::Store& copy_;
    BackOff back_off_;
    store::Sequence position_ = 0;
    GrowthSignal advanced_;
    GrowthSignal hurry_;  // ends a wait after an error
};

// Completes when every copy has this entry. kDeadlineExceeded after `at_most`: then some may not.
io::Task<> wait_for_all(std::span<AccountFollower* const> followers, store::Sequence sequence,
                        std::chrono::steady_clock::duration at_most);

}  // namespace meridian::regions
