#include "store/work_queue.h"

#include <thread>

#include <gtest/gtest.h>

namespace meridian::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Jobs = std::vector<int>;

class WorkQueueTest : public testing::Test {
  protected:
    bool push(int job) { return queue_.push(job); }

    WorkQueue<int> queue_{4};
};

TEST_F(WorkQueueTest, GivesTheOldestFirstAndRefusesWhatIsTooMuch) {
    for (int job = 1; job <= 4; ++job) EXPECT_TRUE(push(job));
    EXPECT_FALSE(push(5));
    EXPECT_EQ(queue_.pop(3), (Jobs{1, 2, 3}));
    EXPECT_EQ(queue_.pop(3), (Jobs{4}));
}

TEST_F(WorkQueueTest, WhatIsInsideComesOutAfterItWasClosed) {
    EXPECT_TRUE(push(1));
    queue_.close();
    EXPECT_FALSE(push(2));
    EXPECT_EQ(queue_.pop(3), (Jobs{1}));
    EXPECT_EQ(queue_.pop(3), Jobs{});
    EXPECT_EQ(queue_.pop(3, 2, hours(1)), Jobs{});
}

TEST_F(WorkQueueTest, WaitsForMoreOnlyWhileThereAreFewerThanAreWorthIt) {
    EXPECT_TRUE(push(1));
    EXPECT_TRUE(push(2));
    EXPECT_EQ(queue_.pop(3, 2, hours(1)), (Jobs{1, 2}));
    EXPECT_TRUE(push(3));
    EXPECT_EQ(queue_.pop(3, 2, milliseconds(1)), (Jobs{3})) << "its patience is at an end";
}

TEST_F(WorkQueueTest, ThePushThatMakesItWorthItEndsTheWait) {
    EXPECT_TRUE(push(1));
    std::jthread const others([this] {
        EXPECT_TRUE(push(2));
        EXPECT_TRUE(push(3));
    });
    EXPECT_EQ(queue_.pop(3, 3, hours(1)), (Jobs{1, 2, 3}));
}

TEST_F(WorkQueueTest, SaysWhetherAJobComes) {
    EXPECT_FALSE(queue_.comes_within(milliseconds(1)));
    std::jthread const other([this] { EXPECT_TRUE(push(1)); });
    EXPECT_TRUE(queue_.comes_within(hours(1)));
    EXPECT_TRUE(queue_.comes_within(hours(1))) << "it is still there";
    EXPECT_EQ(queue_.pop(1), (Jobs{1}));
    queue_.close();
    EXPECT_TRUE(queue_.comes_within(hours(1)));
}

TEST_F(WorkQueueTest, ClosingEndsTheWait) {
    EXPECT_TRUE(push(1));
    std::jthread const other([this] { queue_.close(); });
    EXPECT_EQ(queue_.pop(3, 2, hours(1)), (Jobs{1}));
}

}  // namespace
}  // namespace meridian::store
