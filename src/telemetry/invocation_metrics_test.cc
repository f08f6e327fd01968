#include "telemetry/invocation_metrics.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/metric_query.h"

namespace meridian::telemetry {
namespace {

using namespace std::chrono_literals;
using enum MetricName;

model::AccountId const kAccount{"123456789012"};
model::FunctionName const kFunction{"f"};

class Metrics : public testing::Test {
  protected:
    InvocationTarget target(char const* qualifier = "", char const* version = "$LATEST") {
        return {kAccount, kFunction, qualifiers_.emplace_back(qualifier),
                versions_.emplace_back(version)};
    }
    void invoke(char const* qualifier = "", char const* version = "$LATEST",
                InvocationFigures const& figures = {.duration = 1ms}) {
        metrics_.begin(target(qualifier, version), {}).finish(figures);
    }
    void pass(std::chrono::seconds time) {
        for (auto end = clock_.monotonic_now() + time; clock_.monotonic_now() < end;) {
            clock_.advance(1s);
            metrics_.advance();
        }
    }
    // The one datapoint of everything since the start; nothing if there is none.
    std::optional<Datapoint> all(MetricName metric, MetricDimensions dimensions = {},
                                 std::vector<double> percentiles = {}) {
        auto points = query(metric, std::move(dimensions), 24h, 48h, std::move(percentiles));
        EXPECT_LE(points.size(), 1U);
        return points.empty() ? std::nullopt : std::optional(points.front());
    }
    std::vector<Datapoint> query(MetricName metric, MetricDimensions dimensions,
                                 std::chrono::seconds back, std::chrono::seconds period,
                                 std::vector<double> percentiles = {}) {
        auto const now = clock_.wall_now();
        auto points = query_metric(metrics_,
                                   {.account = kAccount,
                                    .metric = metric,
                                    .dimensions = std::move(dimensions),
                                    .start = now - back + 1s,
                                    .end = now + 1s,
                                    .period = period,
                                    .percentiles = std::move(percentiles)},
                                   now);
        EXPECT_TRUE(points) << points.error().message;
        return points.value_or(std::vector<Datapoint>{});
    }

    // The start of a minute, so that periods are whole.
    ManualClock clock_{WallTime{std::chrono::seconds{1'700'000'040}}};
    InvocationMetrics metrics_{clock_};
    std::deque<model::Qualifier> qualifiers_;
    std::deque<model::Version> versions_;
};

MetricDimensions const kOfFunction{.function = "f"};
MetricDimensions resource(char const* name) { return {.function = "f", .resource = name}; }
MetricDimensions executed(char const* name, char const* version) {
    return {.function = "f", .resource = name, .executed_version = version};
}

TEST_F(Metrics, CountInvocationsByFunctionResourceAndExecutedVersion) {
    invoke();
    invoke("$LATEST");
    invoke("live", "7");
    invoke("live", "7", {.duration = 1ms, .error = true});
    invoke("live", "8", {.duration = 1ms, .error = true});
    invoke("7", "7");
    EXPECT_EQ(all(kInvocations)->sum, 6);
    EXPECT_EQ(all(kInvocations, kOfFunction)->sum, 6);
    EXPECT_EQ(all(kInvocations, resource("f"))->sum, 1);
    EXPECT_EQ(all(kInvocations, resource("f:$LATEST"))->sum, 1);
    EXPECT_EQ(all(kInvocations, resource("f:live"))->sum, 3);
    EXPECT_EQ(all(kInvocations, resource("f:7"))->sum, 1);
    EXPECT_EQ(all(kInvocations, executed("f:live", "7"))->sum, 2);
    EXPECT_EQ(all(kErrors, executed("f:live", "8"))->sum, 1);
    // Average of Errors is the error rate, and a success is a sample of 0.
    EXPECT_EQ(all(kErrors, executed("f:live", "7"))->average(), 0.5);
    EXPECT_EQ(all(kErrors, executed("f:live", "7"))->minimum, 0);
    EXPECT_EQ(all(kErrors, resource("f"))->sum, 0);
    EXPECT_EQ(all(kErrors, resource("f"))->sample_count, 1);
    EXPECT_FALSE(all(kInvocations, {.function = "g"}));
}

TEST_F(Metrics, CountThrottlesAsNeitherInvocationsNorErrors) {
    invoke();
    metrics_.throttled(target());
    metrics_.throttled(target());
    EXPECT_EQ(all(kThrottles, kOfFunction)->sum, 2);
    EXPECT_EQ(all(kThrottles, kOfFunction)->sample_count, 3);
    EXPECT_EQ(all(kInvocations, kOfFunction)->sum, 1);
    EXPECT_EQ(all(kErrors, kOfFunction)->sample_count, 1);
}

TEST_F(Metrics, DoNotCountWhatTheServiceCouldNotRun) {
    {
        auto const running = metrics_.begin(target(), {});
    }
    EXPECT_FALSE(all(kInvocations, kOfFunction));
    EXPECT_EQ(all(kConcurrentExecutions, kOfFunction)->maximum, 1);
}

TEST_F(Metrics, CarryTheTimeAtWhichTheInvocationBegan) {
    auto long_one = metrics_.begin(target(), {});
    auto const began = clock_.wall_now();
    pass(600s);
    long_one.finish({.duration = 600s, .error = true});
    auto const errors = query(kErrors, kOfFunction, 601s, 60s);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].time, began);
    EXPECT_EQ(errors[0].sum, 1);
}

TEST_F(Metrics, CarryItEvenIfItIsLongerAgoThanSecondsAreKept) {
    auto long_one = metrics_.begin(target(), {});
    auto const began = clock_.wall_now();
    pass(kSecondsKept + 30s);
    long_one.finish({.duration = 900s});
    auto const points = query(kInvocations, kOfFunction, kSecondsKept + 60s, 60s);
    ASSERT_EQ(points.size(), 1U);
    EXPECT_EQ(points[0].time, began);
}

TEST_F(Metrics, KeepSecondsForAQuarterOfAnHourAndMinutesForADay) {
    auto const began = clock_.wall_now();
    for (int i = 0; i < 90; ++i) {
        invoke("", "$LATEST", {.duration = std::chrono::milliseconds(i + 1)});
        pass(1s);
    }
    EXPECT_EQ(query(kInvocations, kOfFunction, 91s, 1s).size(), 90U);
    EXPECT_EQ(query(kInvocations, kOfFunction, 91s, 10s).size(), 9U);
    pass(kSecondsKept + 120s);
    auto const minutes = query(kInvocations, kOfFunction, 20min, 60s);
    ASSERT_EQ(minutes.size(), 2U);
    EXPECT_EQ(minutes[0].time, began);
    EXPECT_EQ(minutes[0].sum, 60);
    EXPECT_EQ(minutes[1].sum, 30);
    auto const median = query(kDuration, kOfFunction, 20min, 60s, {50}).front().percentiles.at(0);
    EXPECT_NEAR(median, 30, 30 * kDurationErrorMax);
    clock_.advance(kMinutesKept);
    pass(61s);
    EXPECT_FALSE(all(kInvocations, kOfFunction));
    EXPECT_TRUE(metrics_.accounts().at(kAccount).functions.empty());
    EXPECT_EQ(metrics_.bytes(), 0U);
}

TEST_F(Metrics, RefuseShortPeriodsOfWhatIsKeptByTheMinute) {
    auto const now = clock_.wall_now();
    auto const points = query_metric(
        metrics_, {.account = kAccount, .start = now - 20min, .end = now, .period = 1s}, now);
    ASSERT_FALSE(points);
    EXPECT_THAT(points.error().message, testing::HasSubstr("900 seconds back"));
}

TEST_F(Metrics, MeasureDurations) {
    for (int ms = 1; ms <= 100; ++ms)
        invoke("", "$LATEST", {.duration = std::chrono::milliseconds(ms)});
    auto const duration = all(kDuration, kOfFunction, {50, 99, 100});
    EXPECT_EQ(duration->sample_count, 100);
    EXPECT_EQ(duration->sum, 5050);
    EXPECT_EQ(duration->average(), 50.5);
    EXPECT_EQ(duration->minimum, 1);
    EXPECT_EQ(duration->maximum, 100);
    EXPECT_NEAR(duration->percentiles[0], 50, 50 * kDurationErrorMax);
    EXPECT_NEAR(duration->percentiles[1], 99, 99 * kDurationErrorMax);
    EXPECT_LE(duration->percentiles[2], 100);
}

TEST_F(Metrics, NoteTheMostThatRanAtOnceForEverySecondOfIt) {
    auto first = metrics_.begin(target("live", "7"), {});
    auto second = std::optional(metrics_.begin(target("live", "8"), {.reserved = true}));
    auto third = std::optional(metrics_.begin(target("7", "7"), {}));
    EXPECT_EQ(all(kConcurrentExecutions)->maximum, 3);
    EXPECT_EQ(all(kConcurrentExecutions, kOfFunction)->maximum, 3);
    EXPECT_EQ(all(kConcurrentExecutions, resource("f:live"))->maximum, 2);
    EXPECT_EQ(all(kUnreservedConcurrentExecutions)->maximum, 2);
    second.reset();
    third.reset();
    pass(3s);
    auto const seconds = query(kConcurrentExecutions, kOfFunction, 4s, 1s);
    ASSERT_EQ(seconds.size(), 4U);
    EXPECT_EQ(seconds[0].maximum, 3);
    EXPECT_EQ(seconds[3].maximum, 1);
    EXPECT_EQ(all(kConcurrentExecutions, kOfFunction)->average(), 1.5);
    first.finish({.duration = 3s});
}

TEST_F(Metrics, TellProvisionedConcurrencyFromWhatSpillsOver) {
    UsedConcurrency const provisioned{
        .provisioned = true, .provisioned_in_use = 1, .provisioned_of = 2};
    metrics_.begin(target("7", "7"), provisioned).finish({.duration = 1ms});
    metrics_.begin(target("7", "7"), {.provisioned_in_use = 2, .provisioned_of = 2})
        .finish({.duration = 1ms});
    EXPECT_EQ(all(kProvisionedConcurrencyInvocations, resource("f:7"))->sum, 1);
    EXPECT_EQ(all(kProvisionedConcurrencySpilloverInvocations, resource("f:7"))->sum, 1);
    EXPECT_EQ(all(kProvisionedConcurrentExecutions, resource("f:7"))->maximum, 1);
    EXPECT_EQ(all(kProvisionedConcurrencyUtilization, resource("f:7"))->maximum, 1);
    invoke();
    EXPECT_FALSE(all(kProvisionedConcurrencyInvocations, resource("f")));
}

TEST_F(Metrics, CountColdStartsAndWhatIsBilled) {
    invoke("", "$LATEST",
           {.duration = 100ms,
            .init_duration = 400ms,
            .cold_start = true,
            .billed_ms = 500,
            .memory_mb = 2048});
    invoke("", "$LATEST", {.duration = 100ms, .billed_ms = 100, .memory_mb = 2048});
    EXPECT_EQ(all(kColdStarts, kOfFunction)->sum, 1);
    EXPECT_EQ(all(kInitDuration, kOfFunction)->sum, 400);
    EXPECT_EQ(all(kInitDuration, kOfFunction)->sample_count, 1);
    EXPECT_NEAR(all(kInitDuration, kOfFunction, {50})->percentiles[0], 400, 7);
    EXPECT_DOUBLE_EQ(all(kBilledGbSeconds, kOfFunction)->sum, 1.2);
    auto const& totals = metrics_.accounts()
                             .at(kAccount)
                             .functions.at(kFunction)
                             .resources.at(model::Qualifier(""))
                             .versions.at(model::Version("$LATEST"))
                             .totals;
    EXPECT_EQ(totals.invocations, 2U);
    EXPECT_EQ(totals.init_sum_us, 400'000U);
    EXPECT_EQ(totals.by_duration[6], 2U);  // up to 0.1 s
}

TEST_F(Metrics, AreRefusedByDimensionsThatTheyDoNotHave) {
    auto const now = clock_.wall_now();
    auto const ask = [&](MetricName metric, MetricDimensions dimensions) {
        return query_metric(metrics_,
                            {.account = kAccount,
                             .metric = metric,
                             .dimensions = std::move(dimensions),
                             .start = now,
                             .end = now + 60s},
                            now)
            .has_value();
    };
    EXPECT_TRUE(ask(kErrors, {}));
    EXPECT_FALSE(ask(kErrors, {.resource = "f:live"}));
    EXPECT_FALSE(ask(kErrors, {.function = "f", .executed_version = "7"}));
    EXPECT_FALSE(ask(kUnreservedConcurrentExecutions, kOfFunction));
    EXPECT_FALSE(ask(kProvisionedConcurrencyUtilization, kOfFunction));
    EXPECT_FALSE(ask(kConcurrentExecutions, executed("f:live", "7")));
}

TEST_F(Metrics, RefuseQueriesThatMakeNoSense) {
    auto const now = clock_.wall_now();
    struct Case {
        MetricQuery query;
        char const* words;
    };
    for (auto const& [query, words] : {
             Case{{.start = now, .end = now}, "EndTime must be after"},
             Case{{.start = now, .end = now + 1s, .period = 0s}, "at least 1 second"},
             Case{{.start = now - 24h, .end = now + 1s, .period = 60s}, "limit of 1440"},
             Case{{.start = WallTime{-1s}, .end = WallTime{59s}}, "between 1970 and 2106"},
             Case{{.start = now, .end = now + 1s, .percentiles = {99}}, "Percentiles are kept of"},
         }) {
        auto const points = query_metric(metrics_, query, now);
        ASSERT_FALSE(points) << words;
        EXPECT_EQ(points.error().code, Errc::kInvalidParameterValue);
        EXPECT_THAT(points.error().message, testing::HasSubstr(words));
    }
}

TEST_F(Metrics, AreListedByEveryDimensionThatTheyHave) {
    invoke("live", "7");
    invoke();
    auto const listed = list_metrics(metrics_, kAccount, std::nullopt);
    auto const has = [&](MetricName metric, MetricDimensions const& dimensions) {
        return std::ranges::any_of(listed, [&](ListedMetric const& one) {
            return one.metric == metric && one.dimensions == dimensions;
        });
    };
    EXPECT_TRUE(has(kErrors, {}));
    EXPECT_TRUE(has(kErrors, kOfFunction));
    EXPECT_TRUE(has(kErrors, resource("f")));
    EXPECT_FALSE(has(kErrors, executed("f", "$LATEST")));
    EXPECT_TRUE(has(kErrors, executed("f:live", "7")));
    EXPECT_FALSE(has(kProvisionedConcurrencyInvocations, kOfFunction));
    EXPECT_TRUE(list_metrics(metrics_, kAccount, "g").empty());
    EXPECT_TRUE(list_metrics(metrics_, model::AccountId{"210987654321"}, std::nullopt).empty());
}

TEST_F(Metrics, SurviveAClockThatIsSetBack) {
    invoke();
    clock_.advance(-100s);
    metrics_.advance();
    invoke();
    clock_.advance(100s);
    metrics_.advance();
    invoke();
    EXPECT_EQ(all(kInvocations, kOfFunction)->sum, 3);
}

TEST_F(Metrics, RecordNoMoreSeriesThanTheLimit) {
    InvocationMetrics metrics(clock_, {.series = 2});
    for (auto const* const version : {"1", "2", "3", "1"})
        metrics.begin(target(version, version), {}).finish({.duration = 1ms});
    metrics.throttled(target("3", "3"));
    EXPECT_EQ(metrics.unrecorded(), 2U);
    EXPECT_EQ(metrics.accounts().at(kAccount).functions.at(kFunction).resources.size(), 2U);
}

TEST_F(Metrics, DropOldMinutesBeforeTheirTimeWhenThereIsNoRoom) {
    constexpr std::size_t kBytes = 200'000;
    InvocationMetrics metrics(clock_, {.bytes = kBytes});
    std::size_t most = 0;
    auto least_kept = metrics.minutes_kept();
    for (int minute = 0; minute < 2'000; ++minute) {
        for (int i = 0; i < 60; ++i) {
            auto const duration = std::chrono::microseconds(100 << (i % 20));
            metrics.begin(target(), {}).finish({.duration = duration});
            clock_.advance(1s);
            metrics.advance();
        }
        qualifiers_.clear();
        versions_.clear();
        most = std::max(most, metrics.bytes());
        least_kept = std::min(least_kept, metrics.minutes_kept());
    }
    EXPECT_LT(least_kept, kMinutesKept);
    EXPECT_GE(least_kept, std::chrono::hours(1));
    EXPECT_LE(most, kBytes);
    EXPECT_GE(most, kBytes / 2);
    EXPECT_EQ(known_since(metrics, clock_.wall_now()), clock_.wall_now() - metrics.minutes_kept());
}

}  // namespace
}  // namespace meridian::telemetry
