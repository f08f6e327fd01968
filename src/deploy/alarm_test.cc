#include "deploy/alarm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace meridian::deploy {
namespace {

using nlohmann::json;
using enum AlarmState;

// As CloudWatch's documentation writes datapoints, oldest first: 0 is not breaching, X is, - is
// missing.
std::vector<std::optional<AlarmDatapoint>> datapoints(std::string_view text) {
    std::vector<std::optional<AlarmDatapoint>> points;
    for (auto const c : text) {
        if (c == '0') points.push_back(AlarmDatapoint{.value = 0, .sample_count = 1});
        if (c == 'X') points.push_back(AlarmDatapoint{.value = 9, .sample_count = 1});
        if (c == '-') points.push_back(std::nullopt);
    }
    return points;
}

Alarm alarm_of(std::uint32_t datapoints_to_alarm, TreatMissingData missing) {
    return {.name_space = "AWS/Lambda",
            .metric_name = "Errors",
            .statistic = "Sum",
            .evaluation_periods = 3,
            .datapoints_to_alarm = datapoints_to_alarm,
            .threshold = 1,
            .treat_missing_data = missing};
}

// What is expected: a state, or the one before.
constexpr std::optional<AlarmState> kStays = std::nullopt;

struct DatapointsRow {
    std::string_view datapoints;
    std::optional<AlarmState> missing, ignore, breaching, not_breaching;
};

void check(std::uint32_t datapoints_to_alarm, std::vector<DatapointsRow> const& rows) {
    using enum TreatMissingData;
    for (auto const& row : rows) {
        for (auto const& [treat, expected] :
             {std::pair{kMissing, row.missing}, std::pair{kIgnore, row.ignore},
              std::pair{kBreaching, row.breaching}, std::pair{kNotBreaching, row.not_breaching}}) {
            for (auto const before : {kOk, kAlarm, kInsufficientData}) {
                auto const found = evaluate_alarm(alarm_of(datapoints_to_alarm, treat),
                                                  datapoints(row.datapoints), before);
                EXPECT_EQ(name_of(found.state), name_of(expected.value_or(before)))
                    << row.datapoints << " treating missing data as " << static_cast<int>(treat)
                    << ", before " << name_of(before) << ": " << found.reason;
            }
        }
    }
}

// DOC: "Configuring how CloudWatch alarms treat missing data", first table.
TEST(Alarm, TreatsMissingDataAsDocumentedWhenAllOfThreeMustBreach) {
    check(3, {
                 {"0-X-X", kOk, kOk, kOk, kOk},
                 {"0----", kOk, kOk, kOk, kOk},
                 {"-----", kInsufficientData, kStays, kAlarm, kOk},
                 {"0XX-X", kAlarm, kAlarm, kAlarm, kAlarm},
                 {"--X--", kAlarm, kStays, kAlarm, kOk},
             });
}

// DOC: the second table.
TEST(Alarm, TreatsMissingDataAsDocumentedWhenTwoOfThreeMustBreach) {
    check(2, {
                 {"0-X-X", kAlarm, kAlarm, kAlarm, kAlarm},
                 {"00X0X", kAlarm, kAlarm, kAlarm, kAlarm},
                 {"0-X--", kOk, kOk, kAlarm, kOk},
                 {"----0", kOk, kOk, kAlarm, kOk},
                 {"---X-", kAlarm, kStays, kAlarm, kOk},
             });
}

// DOC: "Avoiding premature transitions to alarm state".
TEST(Alarm, WaitsForAnotherDatapointBeforeItBelievesTheFirst) {
    check(3, {
                 {"----X", kOk, kStays, kAlarm, kOk},
                 {"---X-", kOk, kStays, kAlarm, kOk},
                 {"---X0", kOk, kOk, kOk, kOk},
                 {"--X-0", kOk, kOk, kOk, kOk},
             });
}

TEST(Alarm, LooksAtNoMoreThanEvaluationPeriodsWhenNothingIsMissing) {
    check(3, {{"XXXX0", kOk, kOk, kOk, kOk}, {"00XXX", kAlarm, kAlarm, kAlarm, kAlarm}});
    check(1, {{"XX000", kOk, kOk, kOk, kOk}, {"00X00", kAlarm, kAlarm, kAlarm, kAlarm}});
}

TEST(Alarm, ComparesAsItsOperatorSays) {
    using enum ComparisonOperator;
    struct Case {
        ComparisonOperator comparison;
        bool below, equal, above;
    };
    for (auto const& row : {Case{kGreaterThanOrEqualToThreshold, false, true, true},
                            Case{kGreaterThanThreshold, false, false, true},
                            Case{kLessThanThreshold, true, false, false},
                            Case{kLessThanOrEqualToThreshold, true, true, false}}) {
        for (auto const& [value, breaching] :
             {std::pair{4.0, row.below}, std::pair{5.0, row.equal}, std::pair{6.0, row.above}}) {
            auto alarm = alarm_of(1, TreatMissingData::kMissing);
            alarm.evaluation_periods = 1;
            alarm.threshold = 5;
            alarm.comparison = row.comparison;
            auto const found =
                evaluate_alarm(alarm, {std::nullopt, std::nullopt, AlarmDatapoint{value, 1}}, kOk);
            EXPECT_EQ(found.state, breaching ? kAlarm : kOk)
                << static_cast<int>(row.comparison) << " " << value;
        }
    }
}

TEST(Alarm, SaysWhy) {
    auto const found =
        evaluate_alarm(alarm_of(2, TreatMissingData::kMissing), datapoints("0-X-X"), kOk);
    EXPECT_EQ(found.reason,
              "2 of 3 datapoints were greater than the threshold (Sum of Errors AWS/Lambda 1): "
              "0, 9, 9");
}

// DOC: "Percentile-based CloudWatch alarms and low data samples": 10 / (1 - p).
TEST(Alarm, IgnoresPercentilesOfTooFewSamplesIfToldTo) {
    Alarm alarm{
        .name_space = "AWS/Lambda", .metric_name = "Duration", .statistic = "p99", .threshold = 5};
    auto const with = [&](double samples, AlarmState before) {
        return evaluate_alarm(alarm, {AlarmDatapoint{9, samples}}, before).state;
    };
    EXPECT_EQ(with(1, kOk), kAlarm);
    alarm.ignore_low_sample_count = true;
    EXPECT_EQ(with(990, kOk), kOk);
    EXPECT_EQ(with(990, kInsufficientData), kInsufficientData);
    EXPECT_EQ(with(1001, kOk), kAlarm);
    alarm.statistic = "Sum";
    EXPECT_EQ(with(1, kOk), kAlarm);
}

json canary_alarm() {
    return {{"AlarmName", "errors"},
            {"Namespace", "AWS/Lambda"},
            {"MetricName", "Errors"},
            {"Dimensions",
             {{{"Name", "Resource"}, {"Value", "f:live"}},
              {{"Name", "FunctionName"}, {"Value", "f"}},
              {{"Name", "ExecutedVersion"}, {"Value", "7"}}}},
            {"Statistic", "Sum"},
            {"Period", "60"},
            {"EvaluationPeriods", 2},
            {"Threshold", 0},
            {"ComparisonOperator", "GreaterThanThreshold"},
            {"TreatMissingData", "notBreaching"},
            {"AlarmActions", {"arn:aws:sns:us-east-1:123456789012:ops"}}};
}

TEST(AlarmDefinition, IsReadFromATemplatesProperties) {
    auto const alarm = parse_alarm(canary_alarm()).value();
    EXPECT_EQ(alarm.name, "errors");
    EXPECT_EQ(alarm.dimensions.at("ExecutedVersion"), "7");
    EXPECT_EQ(alarm.period, std::chrono::seconds(60));
    EXPECT_EQ(alarm.evaluation_periods, 2U);
    EXPECT_EQ(alarm.datapoints_to_alarm, 2U);
    EXPECT_EQ(alarm.treat_missing_data, TreatMissingData::kNotBreaching);
}

TEST(AlarmDefinition, RefusesByNameWhatIsWrongOrNotSupported) {
    struct Case {
        char const* name;
        json patch;
        char const* words;
    };
    for (auto const& [name, patch, words] : {
             Case{"math", {{"Metrics", json::array()}}, "Metrics is not supported"},
             Case{"band", {{"ThresholdMetricId", "b"}}, "ThresholdMetricId is not supported"},
             Case{"no metric", {{"MetricName", nullptr}}, "MetricName is required"},
             Case{"unresolved", {{"MetricName", {{"Ref", "X"}}}}, "MetricName must be a text"},
             Case{"no threshold", {{"Threshold", nullptr}}, "Threshold is required"},
             Case{"threshold", {{"Threshold", "many"}}, "Threshold must be a number"},
             Case{"both", {{"ExtendedStatistic", "p9"}}, "either Statistic or ExtendedStatistic"},
             Case{"neither", {{"Statistic", nullptr}}, "either Statistic or ExtendedStatistic"},
             Case{"statistic", {{"Statistic", "Median"}}, "Statistic must be one of"},
             Case{"trimmed",
                  {{"Statistic", nullptr}, {"ExtendedStatistic", "tm90"}},
                  "tm90 is no percentile"},
             Case{"anomaly",
                  {{"ComparisonOperator", "GreaterThanUpperThreshold"}},
                  "anomaly detection"},
             Case{"period", {{"Period", 45}}, "Period must be"},
             Case{"half", {{"Period", 60.5}}, "whole number"},
             Case{"zero", {{"EvaluationPeriods", 0}}, "EvaluationPeriods must be a whole number"},
             Case{"M of N", {{"DatapointsToAlarm", 3}}, "must not be greater"},
             Case{"far", {{"Period", 3600}, {"EvaluationPeriods", 24}}, "must not exceed 86400"},
             Case{"seconds", {{"Period", 1}, {"EvaluationPeriods", 900}}, "must not exceed 840"},
             Case{"missing", {{"TreatMissingData", "bad"}}, "TreatMissingData must be"},
             Case{
                 "low", {{"EvaluateLowSampleCountPercentile", "no"}}, "must be evaluate or ignore"},
             Case{"dimensions", {{"Dimensions", {{{"Name", "x"}}}}}, "Value is required"},
             Case{"twice",
                  {{"Dimensions",
                    {{{"Name", "x"}, {"Value", "1"}}, {{"Name", "x"}, {"Value", "2"}}}}},
                  "given twice"},
         }) {
        auto properties = canary_alarm();
        properties.merge_patch(patch);
        auto const alarm = parse_alarm(properties);
        ASSERT_FALSE(alarm) << name;
        EXPECT_EQ(alarm.error().code, Errc::kInvalidParameterValue) << name;
        EXPECT_TRUE(alarm.error().message.contains(words)) << name << ": " << alarm.error().message;
    }
    EXPECT_FALSE(parse_alarm(json::array()));
}

constexpr WallTime kNow{std::chrono::seconds{1'700'000'025}};  // 22:13:45Z

// An answer to alarm_request(): a value of `statistic` for each of these minutes after 22:00.
json answer_of(std::string const& statistic, std::vector<std::pair<int, double>> const& values) {
    bool const percentile = statistic.starts_with('p');
    json points = json::array();
    for (auto const& [minute, value] : values) {
        json point = {{"Timestamp", fmt::format("2023-11-14T22:{:02}:00Z", minute)},
                      {"SampleCount", 5},
                      {"Unit", "Count"}};
        (percentile ? point["ExtendedStatistics"] : point)[statistic] = value;
        points.push_back(std::move(point));
    }
    return {{"Label", "Errors"}, {"Datapoints", std::move(points)}};
}

TEST(AlarmAnswer, IsAskedForWholePeriodsBeforeNow) {
    auto const alarm = parse_alarm(canary_alarm()).value();
    EXPECT_EQ(alarm_request(alarm, kNow),
              "/meridian/v1/metrics?Namespace=AWS%2FLambda&MetricName=Errors"
              "&StartTime=2023-11-14T22%3A09%3A00Z&EndTime=2023-11-14T22%3A13%3A00Z&Period=60"
              "&ExecutedVersion=7&FunctionName=f&Resource=f%3Alive&Statistics=SampleCount,Sum");
}

TEST(AlarmAnswer, BecomesAState) {
    auto const alarm = parse_alarm(canary_alarm()).value();
    auto const found = evaluate_alarm(alarm, answer_of("Sum", {{11, 1}, {12, 2}}), kNow, kOk);
    EXPECT_EQ(found.value().state, kAlarm) << found->reason;
    auto const nothing = evaluate_alarm(alarm, answer_of("Sum", {}), kNow, kAlarm);
    EXPECT_EQ(nothing.value().state, kOk) << nothing->reason;
}

TEST(AlarmAnswer, OfAPercentileBecomesAState) {
    auto properties = canary_alarm();
    properties.erase("Statistic");
    properties["ExtendedStatistic"] = "p99.9";
    auto const alarm = parse_alarm(properties).value();
    EXPECT_TRUE(
        alarm_request(alarm, kNow).ends_with("&Statistics=SampleCount&ExtendedStatistics=p99.9"));
    auto const late = evaluate_alarm(alarm, answer_of("p99.9", {{11, 3}, {12, 4}}), kNow, kOk);
    EXPECT_EQ(late.value().state, kAlarm) << late->reason;
}

TEST(AlarmAnswer, ThatIsNoneIsSaidToBeCorrupt) {
    auto const alarm = parse_alarm(canary_alarm()).value();
    for (auto const* const text :
         {"null", "[]", "{}", R"({"Datapoints":{}})", R"({"Datapoints":[1]})",
          R"({"Datapoints":[{"Timestamp":"2023-11-14T22:12:00Z"}]})",
          R"({"Datapoints":[{"Timestamp":"2023-11-14T22:12:00Z","Sum":"1"}]})",
          R"({"Datapoints":[{"Timestamp":7,"Sum":1}]})",
          R"({"Datapoints":[{"Timestamp":"2023-11-14T22:13:00Z","Sum":1}]})"}) {
        auto const found = evaluate_alarm(alarm, json::parse(text), kNow, kOk);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, Errc::kCorrupt) << text;
    }
}

}  // namespace
}  // namespace meridian::deploy
