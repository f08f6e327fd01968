#pragma once
// IAM's home region in this process: where its writes go, and which hosted regions follow it. A
// write completes when every hosted region has it, so that whoever wrote through one endpoint reads
// it at any other.
//
// Threads: belongs to the process's io executor.

#include <vector>

#include "base/log.h"
#include "control/account_log.h"
#include "regions/account_follower.h"

namespace meridian::bin {

class IamHome final : public control::AccountLog {
  public:
    IamHome(store::Store& store, Log& log) : store_(store), log_(log) {}

    [[nodiscard]] store::Store& store() noexcept { return store_; }
    // `follower` must outlive this object.
    void add(regions::AccountFollower& follower) { followers_.push_back(&follower); }

    io::Task<> write(store::Transaction transaction) override;
    io::Task<> catch_up() override;

  private:
    store::Store& store_;
    Log& log_;
    std::vector<regions::AccountFollower*> followers_;
};

}  // namespace meridian::bin
