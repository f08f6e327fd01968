#include "io/deadline.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, IsReachedOnce) {
    asio::io_context context;
    int reached = 0;
    Deadline deadline(context.get_executor(), [&] { ++reached; });
    deadline.set(1ms);
    context.run();
    EXPECT_EQ(reached, 1);
}

TEST(Deadline, CountsFromItsLastSetting) {
    asio::io_context context;
    auto const begin = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point reached;
    Deadline deadline(context.get_executor(), [&] { reached = std::chrono::steady_clock::now(); });
    deadline.set(1ms);
    deadline.set(20ms);  // later: the timer of the first wakes and waits on
    context.run();
    EXPECT_GE(reached - begin, 20ms);

    context.restart();
    deadline.set(1h);
    deadline.set(1ms);  // earlier: nothing waits for the hour
    auto const again = std::chrono::steady_clock::now();
    context.run();
    EXPECT_GE(reached, again);
}

TEST(Deadline, IsNotReachedWhenCancelledOrGone) {
    asio::io_context context;
    int reached = 0;
    Deadline cancelled(context.get_executor(), [&] { ++reached; });
    cancelled.set(0ms);
    cancelled.cancel();
    {
        Deadline gone(context.get_executor(), [&] { ++reached; });
        gone.set(0ms);
    }
    context.run();
    EXPECT_EQ(reached, 0);
}

}  // namespace
}  // namespace meridian::io
