#include "io/alarm.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

using namespace std::chrono_literals;

TEST(Alarm, OnlyTheLastSettingRings) {
    asio::io_context context;
    Alarm alarm(context.get_executor());
    int first = 0, second = 0;
    alarm.set(0ms, [&] { ++first; });
    alarm.set(1ms, [&] { ++second; });
    context.run();
    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 1);
}

TEST(Alarm, NeverRingsAfterCancelOrItsEnd) {
    asio::io_context context;
    int rings = 0;
    {
        Alarm cancelled(context.get_executor());
        cancelled.set(0ms, [&] { ++rings; });
        cancelled.cancel();
        Alarm gone(context.get_executor());
        gone.set(0ms, [&] { ++rings; });
    }
    context.run();
    EXPECT_EQ(rings, 0);
}

}  // namespace
}  // namespace meridian::io
