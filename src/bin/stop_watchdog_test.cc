#include "bin/stop_watchdog.h"

#include <future>

#include <gtest/gtest.h>

namespace meridian::bin {
namespace {

using namespace std::chrono_literals;

TEST(StopWatchdog, TellsOfAStopThatIsLate) {
    std::promise<void> late;
    StopWatchdog watchdog(1ms, [&] { late.set_value(); });
    watchdog.arm();
    watchdog.arm();
    late.get_future().wait();
}

TEST(StopWatchdog, IsSilentAboutAStopInTimeAndBeforeOne) {
    bool late = false;
    {
        StopWatchdog const never_armed(0ms, [&] { late = true; });
    }
    {
        StopWatchdog in_time(1h, [&] { late = true; });
        in_time.arm();
    }
    EXPECT_FALSE(late);
}

}  // namespace
}  // namespace meridian::bin
