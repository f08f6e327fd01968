#include "telemetry/duration_histogram.h"

#include <cmath>

#include <gtest/gtest.h>

namespace meridian::telemetry {
namespace {

TEST(DurationBucket, IsNeverFurtherAwayThanPromised) {
    std::size_t last = 0;
    for (std::uint64_t us = 0; us <= UINT32_MAX; us = us < 4'096 ? us + 1 : us + us / 997) {
        auto const bucket = duration_bucket(static_cast<std::uint32_t>(us));
        ASSERT_LT(bucket, kDurationBuckets);
        ASSERT_GE(bucket, last);
        last = bucket;
        auto const away = std::abs(duration_of_bucket(bucket) - static_cast<double>(us));
        ASSERT_LE(away, std::max(1e-9, static_cast<double>(us) * kDurationErrorMax)) << us;
    }
    EXPECT_EQ(duration_bucket(UINT32_MAX), kDurationBuckets - 1);
}

TEST(DurationHistogram, GivesPercentilesByNearestRank) {
    SparseDurations durations;
    for (std::uint32_t ms = 1; ms <= 1'000; ++ms) durations.add(ms * 1'000);
    DurationHistogram sum;
    durations.add_to(sum);
    for (auto const percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        auto const exact = percent * 10 * 1'000;
        EXPECT_NEAR(sum.percentile(percent), exact, exact * kDurationErrorMax) << percent;
    }
    EXPECT_EQ(DurationHistogram{}.percentile(50), 0);
}

TEST(DurationHistogram, OfOneDurationIsThatDuration) {
    SparseDurations durations;
    durations.add(17);
    DurationHistogram sum;
    durations.add_to(sum);
    for (auto const percent : {0.0, 50.0, 100.0}) EXPECT_EQ(sum.percentile(percent), 17);
    EXPECT_EQ(durations.heap_bytes(), 0U);
}

TEST(SparseDurations, CountMoreThanOneEntryHolds) {
    SparseDurations one, two;
    constexpr int kDoublings = 24;  // 16 million, four times what an entry holds
    one.add(40);
    for (int i = 0; i < kDoublings; ++i) {
        two = one;
        one.add(two);
    }
    one.add(20);
    one.add(41);
    DurationHistogram sum;
    one.add_to(sum);
    EXPECT_EQ(sum.percentile(0), 20);
    EXPECT_EQ(sum.percentile(1), 40);
    EXPECT_EQ(sum.percentile(99.9999), 40);
    EXPECT_EQ(sum.percentile(100), 41);
}

}  // namespace
}  // namespace meridian::telemetry
