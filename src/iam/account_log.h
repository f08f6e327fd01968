#pragma once
// Writing IAM: the account log has one home region, and every region of the account holds a full
// copy. The interface lives here with its user; where the home is elsewhere, bin/ joins the
// two.

#include "io/task.h"
#include "store/store.h"

namespace meridian::iam {

// Threads: call on the region's executor.
class AccountLog {
  public:
    virtual ~AccountLog() = default;

    // Commits at the log's home, and completes when this region's copy has it too.
    // Errors: those of Store::commit; kUnavailable if the home does not answer.
    virtual io::Task<> write(store::Transaction transaction) = 0;

    // Completes when this region's copy has everything that the home has now. After a kConflict:
    // what the transaction expected came from a copy that was behind.
    virtual io::Task<> catch_up() = 0;
};

}  // namespace meridian::iam
