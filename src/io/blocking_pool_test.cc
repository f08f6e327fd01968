#include "io/blocking_pool.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

TEST(BlockingPool, ResumesTheCoroutineOnItsOwnExecutor) {
    asio::io_context context;
    BlockingPool pool({.threads = 2});
    auto const main_thread = std::this_thread::get_id();
    bool done = false;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            std::thread::id worker;
            auto const result = co_await blocking(pool, [&worker]() -> Result<int> {
                worker = std::this_thread::get_id();
                return 42;
            });
            EXPECT_EQ(result.value(), 42);
            EXPECT_TRUE(worker != main_thread);
            EXPECT_TRUE(std::this_thread::get_id() == main_thread);
            done = true;
        },
        [](std::exception_ptr e) { EXPECT_FALSE(e); });
    context.run();
    EXPECT_TRUE(done);
}

TEST(BlockingPool, RefusesBeyondItsQueue) {
    asio::io_context context;
    BlockingPool pool({.threads = 1, .queue_jobs_max = 0});
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            auto const result = co_await blocking(pool, []() -> Result<int> { return 1; });
            EXPECT_EQ(result.error().code, Errc::kUnavailable);
        },
        [](std::exception_ptr e) { EXPECT_FALSE(e); });
    context.run();
}

}  // namespace
}  // namespace meridian::io
