#include "transfer/lanes.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "base/assert.h"
#include "io/one_shot.h"

namespace meridian::transfer {
namespace {

struct Shared {
    LaneWork work;
    std::size_t count = 0;
    std::size_t next = 0;
    std::size_t running = 0;
    std::optional<Error> error = {};
    std::exception_ptr exception = {};
    io::OneShot<bool> done = {};
};

io::Task<> run_lane(std::shared_ptr<Shared> shared, deploy::AwsApi* lane) {
    while (shared->next < shared->count && !shared->error) {
        auto const n = shared->next++;
        auto result = co_await shared->work(*lane, n);
        if (!result && !shared->error) shared->error = std::move(result.error());
    }
    co_return Result<void>{};
}

}  // namespace

io::Task<> for_each_in_lanes(Lanes lanes, std::size_t count, LaneWork work) {
    MERIDIAN_ASSERT(!lanes.empty());
    if (count == 0) co_return Result<void>{};
    auto shared = std::make_shared<Shared>();
    shared->work = std::move(work);
    shared->count = count;
    auto const executor = co_await asio::this_coro::executor;
    auto const lane_count = std::min(lanes.size(), count);
    shared->running = lane_count;
    for (std::size_t n = 0; n < lane_count; ++n) {
        asio::co_spawn(executor, run_lane(shared, lanes[n]),
                       [shared](std::exception_ptr exception, Result<void> const&) {
                           if (exception) shared->exception = exception;
                           if (--shared->running == 0) shared->done.set(true);
                       });
    }
    MERIDIAN_CO_CHECK(co_await shared->done.wait());
    if (shared->exception) std::rethrow_exception(shared->exception);
    if (shared->error) co_return std::unexpected(*shared->error);
    co_return Result<void>{};
}

}  // namespace meridian::transfer
