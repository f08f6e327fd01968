#pragma once
// Several things at a time, a bounded number: each lane has a connection of its own.
//
// Threads: one executor for all lanes.

#include <cstddef>
#include <functional>
#include <vector>

#include "deploy/aws_api.h"

namespace meridian::transfer {

// How many requests are under way at most: AWS allows 15 control calls a second in an account.
inline constexpr std::size_t kLanesMax = 4;

// Not empty; each is used for one request at a time. What they point at outlives every use.
using Lanes = std::vector<deploy::AwsApi*>;

// Calls `work(lane, n)` for each n below `count`, begun in order, one at a time in each lane.
// After the first error nothing more is begun, and it is the result.
using LaneWork = std::function<io::Task<>(deploy::AwsApi& lane, std::size_t n)>;
io::Task<> for_each_in_lanes(Lanes lanes, std::size_t count, LaneWork work);

}  // namespace meridian::transfer
