#include "deploy/alarm.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "wire/event_time.h"
#include "wire/statistic.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;
using Datapoints = std::vector<std::optional<AlarmDatapoint>>;

bool is_breaching(Alarm const& alarm, double value) {
    switch (alarm.comparison) {
        case ComparisonOperator::kGreaterThanOrEqualToThreshold:
            return value >= alarm.threshold;
        case ComparisonOperator::kGreaterThanThreshold:
            return value > alarm.threshold;
        case ComparisonOperator::kLessThanThreshold:
            return value < alarm.threshold;
        case ComparisonOperator::kLessThanOrEqualToThreshold:
            return value <= alarm.threshold;
    }
    return false;
}

// Whether a percentile comes from too few samples to mean anything. Source: User Guide,
// "Percentile-based CloudWatch alarms and low data samples".
bool has_low_sample_count(Alarm const& alarm, AlarmDatapoint const& point) {
    auto const percent = wire::parse_percentile(alarm.statistic);
    if (!percent || !alarm.ignore_low_sample_count) return false;
    auto const fraction = *percent / 100;
    auto const tail = fraction >= 0.5 ? 1 - fraction : fraction;
    constexpr double kSamplesInTail = 10;
    return point.sample_count * tail < kSamplesInTail;
}

std::uint32_t range_of(Alarm const& alarm) { return alarm.evaluation_periods + kExtraPeriods; }

// The beginning of the first period, the last of which ends at `end`.
struct Window {
    WallTime start;
    WallTime end;
};
Window window_of(Alarm const& alarm, WallTime now) {
    auto const since_epoch = now.time_since_epoch();
    auto const end = WallTime(since_epoch - since_epoch % alarm.period);
    return {.start = end - alarm.period * range_of(alarm), .end = end};
}

std::string describe(Alarm const& alarm, std::string_view which) {
    constexpr std::array<std::string_view, 4> kWords = {"greater than or equal to", "greater than",
                                                        "less than", "less than or equal to"};
    return fmt::format("{} {} the threshold ({} of {} {} {})", which,
                       kWords[static_cast<std::size_t>(alarm.comparison)], alarm.statistic,
                       alarm.metric_name, alarm.name_space, alarm.threshold);
}

}  // namespace

std::string_view name_of(AlarmState state) noexcept {
    switch (state) {
        case AlarmState::kOk:
            return "OK";
        case AlarmState::kAlarm:
            return "ALARM";
        case AlarmState::kInsufficientData:
            break;
    }
    return "INSUFFICIENT_DATA";
}

std::string alarm_request(Alarm const& alarm, WallTime now) {
    auto const window = window_of(alarm, now);
    std::string target = fmt::format(
        "/meridian/v1/metrics?Namespace={}&MetricName={}&StartTime={}&EndTime={}&Period={}",
        wire::percent_encoded(alarm.name_space), wire::percent_encoded(alarm.metric_name),
        wire::percent_encoded(wire::format_iso8601(window.start)),
        wire::percent_encoded(wire::format_iso8601(window.end)), alarm.period.count());
    for (auto const& [name, value] : alarm.dimensions)
        target += fmt::format("&{}={}", wire::percent_encoded(name), wire::percent_encoded(value));
    if (wire::parse_percentile(alarm.statistic)) {
        target += fmt::format("&Statistics=SampleCount&ExtendedStatistics={}", alarm.statistic);
    } else if (alarm.statistic == "SampleCount") {
        target += "&Statistics=SampleCount";
    } else {
        target += fmt::format("&Statistics=SampleCount,{}", alarm.statistic);
    }
    return target;
}

Result<AlarmEvaluation> evaluate_alarm(Alarm const& alarm, json const& answer, WallTime now,
                                       AlarmState before) {
    auto const corrupt = [] { return fail(Errc::kCorrupt, "The answer is not of GetMetrics."); };
    auto const window = window_of(alarm, now);
    Datapoints datapoints(range_of(alarm));
    auto const points = answer.is_object() ? answer.find("Datapoints") : answer.end();
    if (points == answer.end() || !points->is_array()) return corrupt();
    bool const percentile = wire::parse_percentile(alarm.statistic).has_value();
    for (auto const& point : *points) {
        auto const time =
            point.is_object() && point.contains("Timestamp") && point["Timestamp"].is_string()
                ? wire::parse_iso8601(point["Timestamp"].get<std::string>())
                : std::nullopt;
        if (!time || *time < window.start || *time >= window.end) return corrupt();
        auto const& values = percentile && point.contains("ExtendedStatistics")
                                 ? point["ExtendedStatistics"]
                                 : point;
        auto const value = values.is_object() ? values.find(alarm.statistic) : values.end();
        if (value == values.end() || !value->is_number()) return corrupt();
        AlarmDatapoint const found{.value = value->get<double>(),
                                   .sample_count = point.value("SampleCount", 0.0)};
        auto const index = static_cast<std::size_t>((*time - window.start) / alarm.period);
        datapoints[index] = found;
    }
    return evaluate_alarm(alarm, datapoints, before);
}

AlarmEvaluation evaluate_alarm(Alarm const& alarm, Datapoints const& datapoints,
                               AlarmState before) {
    // The newest that are there, at most EvaluationPeriods of them: older ones stand in for those
    // that are missing.
    std::uint32_t there = 0, breaching = 0, low = 0;
    std::uint32_t oldest_breaching = 0;  // its age in periods, the newest period being 1
    std::vector<std::string> values;
    for (auto point = datapoints.rbegin();
         point != datapoints.rend() && there < alarm.evaluation_periods; ++point) {
        if (!*point) continue;
        ++there;
        values.push_back(fmt::format("{}", (*point)->value));
        if (has_low_sample_count(alarm, **point)) {
            ++low;
        } else if (is_breaching(alarm, (*point)->value)) {
            ++breaching;
            oldest_breaching = static_cast<std::uint32_t>(point - datapoints.rbegin()) + 1;
        }
    }
    auto const missing = alarm.evaluation_periods - there;
    auto const state = [&](AlarmState to, std::string_view why) {
        auto reason = describe(alarm, fmt::format("{} of {} datapoints were", breaching, there));
        if (!values.empty())
            reason += fmt::format(": {}", fmt::join(values.rbegin(), values.rend(), ", "));
        if (missing > 0)
            reason +=
                fmt::format("; {} of {} periods have none", missing, alarm.evaluation_periods);
        if (!why.empty()) reason += fmt::format(", {}", why);
        return AlarmEvaluation{.state = to, .reason = std::move(reason)};
    };

    if (breaching >= alarm.datapoints_to_alarm) return state(AlarmState::kAlarm, "");
    if (low > 0) return state(before, "too few samples for the percentile: the state stays");
    if (missing == 0) return state(AlarmState::kOk, "");
    bool const only_breaching = there > 0 && breaching == there;
    switch (alarm.treat_missing_data) {
        case TreatMissingData::kBreaching:
            if (breaching + missing >= alarm.datapoints_to_alarm)
                return state(AlarmState::kAlarm, "which counts as breaching");
            return state(AlarmState::kOk, "which counts as breaching");
        case TreatMissingData::kNotBreaching:
            return state(AlarmState::kOk, "which counts as not breaching");
        case TreatMissingData::kIgnore:
            if (there == 0 || only_breaching) return state(before, "and the state stays");
            return state(AlarmState::kOk, "which are ignored");
        case TreatMissingData::kMissing:
            break;
    }
    if (there == 0) return state(AlarmState::kInsufficientData, "");
    // "Designed to always go into ALARM when the oldest breaching datapoint is at least as old as
    // DatapointsToAlarm, and all more recent ones are breaching or missing."
    if (only_breaching && oldest_breaching >= alarm.datapoints_to_alarm)
        return state(AlarmState::kAlarm, "and no newer datapoint says otherwise");
    // GUESS: "does not go immediately into ALARM" is all that is documented.
    return state(AlarmState::kOk, "");
}

}  // namespace meridian::deploy
