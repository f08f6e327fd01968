#include "deploy/traffic.h"

#include <gtest/gtest.h>

namespace meridian::deploy {
namespace {

using std::chrono::seconds;

struct ShiftRow {
    std::string type;
    std::vector<TrafficStep> steps;
};

TEST(Traffic, NamesBecomeSteps) {
    std::vector<ShiftRow> const rows = {
        {"AllAtOnce", {{100, seconds(0)}}},
        {"CodeDeployDefault.LambdaAllAtOnce", {{100, seconds(0)}}},
        {"Canary10Percent5Minutes", {{10, seconds(300)}, {100, seconds(0)}}},
        {"CodeDeployDefault.LambdaCanary10Percent30Minutes",
         {{10, seconds(1800)}, {100, seconds(0)}}},
        {"Canary25Percent30Seconds", {{25, seconds(30)}, {100, seconds(0)}}},
        {"Linear40PercentEvery1Minute", {{40, seconds(60)}, {80, seconds(60)}, {100, seconds(0)}}},
        {"CodeDeployDefault.LambdaLinear50PercentEvery2Hours",
         {{50, seconds(7200)}, {100, seconds(0)}}},
    };
    for (auto const& row : rows) {
        auto const steps = parse_traffic_shift(row.type);
        ASSERT_TRUE(steps) << row.type;
        EXPECT_EQ(*steps, row.steps) << row.type;
    }
    auto const ten = parse_traffic_shift("Linear10PercentEvery1Minute");
    ASSERT_TRUE(ten);
    EXPECT_EQ(ten->size(), 10U);
    EXPECT_EQ(duration_of(*ten), std::chrono::minutes(9));
}

TEST(Traffic, WhatIsNoShiftIsRefused) {
    for (auto const* const bad :
         {"", "Canary", "Canary0Percent5Minutes", "Canary100Percent5Minutes",
          "Canary10Percent5Fortnights", "Canary10Percent49Hours", "Linear10Percent1Minute",
          "Linear1PercentEvery1Hour", "Canary10Percent5Minutess", "Blue", "Canary-1Percent5Minutes",
          "Canary10Percent99999999999Minutes"})
        EXPECT_FALSE(parse_traffic_shift(bad)) << bad;
}

}  // namespace
}  // namespace meridian::deploy
