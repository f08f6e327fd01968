// parse_alarm(): what an alarm may say.

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "deploy/alarm.h"
#include "wire/statistic.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kStatistics = {"SampleCount", "Average", "Sum", "Minimum",
                                                         "Maximum"};
// CloudWatch's, and 1 and 5 seconds, which it has for metrics alone.
constexpr std::array<std::int64_t, 5> kShortPeriods = {1, 5, 10, 20, 30};
constexpr std::size_t kDimensionsMax = 30;

std::unexpected<Error> bad(std::string text) {
    return fail(Errc::kInvalidParameterValue, "AWS::CloudWatch::Alarm: " + std::move(text));
}

Result<std::string> text_of(json const& properties, char const* name) {
    auto const value = properties.find(name);
    if (value == properties.end()) return bad(fmt::format("{} is required.", name));
    if (!value->is_string() || value->get_ref<std::string const&>().empty())
        return bad(fmt::format("{} must be a text.", name));
    return value->get<std::string>();
}

// CloudFormation takes numbers as texts too.
Result<double> number_of(json const& properties, char const* name) {
    auto const value = properties.find(name);
    if (value == properties.end()) return bad(fmt::format("{} is required.", name));
    if (value->is_number()) return value->get<double>();
    if (value->is_string()) {
        auto const parsed = json::parse(value->get_ref<std::string const&>(), nullptr, false);
        if (parsed.is_number()) return parsed.get<double>();
    }
    return bad(fmt::format("{} must be a number.", name));
}

Result<std::int64_t> whole_number_of(json const& properties, char const* name) {
    MERIDIAN_TRY(auto const value, number_of(properties, name));
    constexpr double kMax = 86'400;  // of everything that is counted here
    if (value < 1 || value > kMax || value != std::floor(value))
        return bad(fmt::format("{} must be a whole number from 1 to {}.", name, kMax));
    return static_cast<std::int64_t>(value);
}

Result<std::string> read_statistic(json const& properties) {
    bool const extended = properties.contains("ExtendedStatistic");
    if (extended == properties.contains("Statistic"))
        return bad("either Statistic or ExtendedStatistic is required.");
    MERIDIAN_TRY(auto const name,
                 text_of(properties, extended ? "ExtendedStatistic" : "Statistic"));
    if (!extended && std::ranges::find(kStatistics, name) == kStatistics.end()) {
        return bad(fmt::format("Statistic must be one of {}, not {}.", fmt::join(kStatistics, ", "),
                               name));
    }
    if (extended && !wire::parse_percentile(name)) {
        return bad(
            fmt::format("ExtendedStatistic {} is no percentile such as p99.9; other extended "
                        "statistics are not supported.",
                        name));
    }
    return name;
}

Result<std::map<std::string, std::string>> read_dimensions(json const& properties) {
    std::map<std::string, std::string> dimensions;
    auto const list = properties.value("Dimensions", json::array());
    if (!list.is_array() || list.size() > kDimensionsMax)
        return bad(fmt::format("Dimensions must be a list of at most {}.", kDimensionsMax));
    for (auto const& dimension : list) {
        if (!dimension.is_object()) return bad("a dimension has Name and Value.");
        MERIDIAN_TRY(auto const name, text_of(dimension, "Name"));
        MERIDIAN_TRY(auto value, text_of(dimension, "Value"));
        if (!dimensions.emplace(name, std::move(value)).second)
            return bad(fmt::format("the dimension {} is given twice.", name));
    }
    return dimensions;
}

Result<ComparisonOperator> read_comparison(json const& properties) {
    using enum ComparisonOperator;
    MERIDIAN_TRY(auto const name, text_of(properties, "ComparisonOperator"));
    if (name == "GreaterThanOrEqualToThreshold") return kGreaterThanOrEqualToThreshold;
    if (name == "GreaterThanThreshold") return kGreaterThanThreshold;
    if (name == "LessThanThreshold") return kLessThanThreshold;
    if (name == "LessThanOrEqualToThreshold") return kLessThanOrEqualToThreshold;
    return bad(
        fmt::format("ComparisonOperator {} is not supported: anomaly detection needs a model "
                    "that Meridian does not have.",
                    name));
}

Result<TreatMissingData> read_missing(json const& properties) {
    using enum TreatMissingData;
    if (!properties.contains("TreatMissingData")) return kMissing;
    MERIDIAN_TRY(auto const name, text_of(properties, "TreatMissingData"));
    if (name == "missing") return kMissing;
    if (name == "notBreaching") return kNotBreaching;
    if (name == "breaching") return kBreaching;
    if (name == "ignore") return kIgnore;
    return bad(fmt::format(
        "TreatMissingData must be missing, notBreaching, breaching or ignore, not {}.", name));
}

Result<void> read_periods(json const& properties, Alarm& alarm) {
    MERIDIAN_TRY(auto const period, whole_number_of(properties, "Period"));
    if (period % 60 != 0 && std::ranges::find(kShortPeriods, period) == kShortPeriods.end())
        return bad("Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
    alarm.period = std::chrono::seconds(period);
    MERIDIAN_TRY(auto const evaluation, whole_number_of(properties, "EvaluationPeriods"));
    alarm.evaluation_periods = static_cast<std::uint32_t>(evaluation);
    alarm.datapoints_to_alarm = alarm.evaluation_periods;
    if (properties.contains("DatapointsToAlarm")) {
        MERIDIAN_TRY(auto const to_alarm, whole_number_of(properties, "DatapointsToAlarm"));
        if (to_alarm > evaluation)
            return bad("DatapointsToAlarm must not be greater than EvaluationPeriods.");
        alarm.datapoints_to_alarm = static_cast<std::uint32_t>(to_alarm);
    }
    // Seconds are kept for a quarter of an hour.
    auto const most = period % 60 == 0 ? std::chrono::seconds(kAlarmWindowMax)
                                       : std::chrono::seconds(std::chrono::minutes(14));
    if (alarm.period * (alarm.evaluation_periods + kExtraPeriods) > most) {
        return bad(
            fmt::format("Period times EvaluationPeriods and {} more, which it looks at if "
                        "some are missing, must not exceed {} seconds.",
                        kExtraPeriods, most.count()));
    }
    return {};
}

}  // namespace

Result<Alarm> parse_alarm(json const& properties) {
    if (!properties.is_object()) return bad("its properties are not a map.");
    for (auto const* const unsupported :
         {"Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval"}) {
        if (properties.contains(unsupported)) {
            return bad(
                fmt::format("{} is not supported: an alarm watches one metric, named by "
                            "MetricName, against a Threshold.",
                            unsupported));
        }
    }
    Alarm alarm;
    if (properties.contains("AlarmName")) {
        MERIDIAN_TRY(alarm.name, text_of(properties, "AlarmName"));
    }
    MERIDIAN_TRY(alarm.name_space, text_of(properties, "Namespace"));
    MERIDIAN_TRY(alarm.metric_name, text_of(properties, "MetricName"));
    MERIDIAN_TRY(alarm.dimensions, read_dimensions(properties));
    MERIDIAN_TRY(alarm.statistic, read_statistic(properties));
    MERIDIAN_CHECK(read_periods(properties, alarm));
    MERIDIAN_TRY(alarm.threshold, number_of(properties, "Threshold"));
    MERIDIAN_TRY(alarm.comparison, read_comparison(properties));
    MERIDIAN_TRY(alarm.treat_missing_data, read_missing(properties));
    if (properties.contains("EvaluateLowSampleCountPercentile")) {
        MERIDIAN_TRY(auto const rule, text_of(properties, "EvaluateLowSampleCountPercentile"));
        if (rule != "evaluate" && rule != "ignore")
            return bad("EvaluateLowSampleCountPercentile must be evaluate or ignore.");
        alarm.ignore_low_sample_count = rule == "ignore";
    }
    return alarm;
}

}  // namespace meridian::deploy
