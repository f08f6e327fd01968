#pragma once
// A CloudWatch alarm on one of Lambda's metrics: its definition, and the state that datapoints give
// it. Pure; any thread. Source: CloudWatch User Guide, "Alarm evaluation" and "Configuring how
// CloudWatch alarms treat missing data"; CloudFormation, "AWS::CloudWatch::Alarm".
//
//     MERIDIAN_TRY(auto const alarm, parse_alarm(resource.properties));
//     MERIDIAN_CO_TRY(auto const answer, co_await api.rest("meridian", "GET",
//                                                          alarm_request(alarm, now)));
//     MERIDIAN_CO_TRY(auto const found, evaluate_alarm(alarm, answer.body, now, state));

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace meridian::deploy {

enum class AlarmState { kOk, kAlarm, kInsufficientData };
// "OK", "ALARM", "INSUFFICIENT_DATA".
[[nodiscard]] std::string_view name_of(AlarmState state) noexcept;

enum class ComparisonOperator {
    kGreaterThanOrEqualToThreshold,
    kGreaterThanThreshold,
    kLessThanThreshold,
    kLessThanOrEqualToThreshold,
};

// What a period without a datapoint stands for.
enum class TreatMissingData { kMissing, kNotBreaching, kBreaching, kIgnore };

struct Alarm {
    std::string name = {};  // AlarmName; may be empty
    std::string name_space;
    std::string metric_name;
    std::map<std::string, std::string> dimensions = {};
    std::string statistic;  // "Sum", or a percentile such as "p99.9"
    std::chrono::seconds period{60};
    std::uint32_t evaluation_periods = 1;
    std::uint32_t datapoints_to_alarm = 1;
    double threshold = 0;
    ComparisonOperator comparison = ComparisonOperator::kGreaterThanThreshold;
    TreatMissingData treat_missing_data = TreatMissingData::kMissing;
    // EvaluateLowSampleCountPercentile "ignore": a percentile of too few samples says nothing.
    bool ignore_low_sample_count = false;
};

// An alarm looks at this many periods more than EvaluationPeriods, in case some of those are
// missing. Two in the documentation's examples; AWS does not say how many otherwise.
inline constexpr std::uint32_t kExtraPeriods = 2;
// How far back an alarm may look: the metrics of one day are kept.
inline constexpr auto kAlarmWindowMax = std::chrono::hours(24);

// From the properties of an AWS::CloudWatch::Alarm in which nothing is left to resolve.
// kInvalidParameterValue for what is wrong, and for what is not supported, by name: metric math
// (Metrics), anomaly detection, statistics other than the five and percentiles. What an alarm does
// beside being watched (AlarmActions, …) is not looked at: CloudFormation's types are the caller's.
[[nodiscard]] Result<Alarm> parse_alarm(nlohmann::json const& properties);

// Path and query of GET /meridian/v1/metrics for what the alarm needs to know at `now`: the whole
// periods before it.
[[nodiscard]] std::string alarm_request(Alarm const& alarm, WallTime now);

struct AlarmDatapoint {
    double value = 0;
    double sample_count = 0;
};

struct AlarmEvaluation {
    AlarmState state = AlarmState::kInsufficientData;
    std::string reason;  // a sentence with the values, for people
};

// From the answer to alarm_request(alarm, now). `before`: the state until now, which "ignore"
// keeps. kCorrupt for an answer that is none.
[[nodiscard]] Result<AlarmEvaluation> evaluate_alarm(Alarm const& alarm,
                                                     nlohmann::json const& answer, WallTime now,
                                                     AlarmState before);

// The same of datapoints, oldest first, one for each period of the evaluation range.
[[nodiscard]] AlarmEvaluation evaluate_alarm(
    Alarm const& alarm, std::vector<std::optional<AlarmDatapoint>> const& datapoints,
    AlarmState before);

}  // namespace meridian::deploy
