#pragma once
// Several connections to one endpoint, each asked again when it is asked too much.
//
// Threads: the caller's executor. `clock` outlives it.

#include <memory>
#include <vector>

#include "cli/connection.h"
#include "transfer/lanes.h"
#include "transfer/retrying_api.h"

namespace meridian::cli {

class ApiLanes {
  public:
    ApiLanes(Connection const& connection, Clock const& clock);

    [[nodiscard]] transfer::Lanes lanes() const;

  private:
    std::vector<std::unique_ptr<deploy::AwsApi>> clients_;
    std::vector<std::unique_ptr<transfer::RetryingApi>> retrying_;
};

}  // namespace meridian::cli
