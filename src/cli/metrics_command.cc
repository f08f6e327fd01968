#include "cli/metrics_command.h"

#include <array>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/sleep.h"
#include "wire/arn.h"
#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::cli {
namespace {

using nlohmann::json;

constexpr auto kWatchInterval = std::chrono::seconds(2);
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";

struct Target {
    std::string function;
    std::string resource;  // empty: the function as a whole
};

Result<Target> find_target(MetricsOptions const& options) {
    MERIDIAN_TRY(auto const reference, wire::parse_function_reference(options.function));
    auto qualifier = options.qualifier;
    if (reference.qualifier) {
        if (!qualifier.empty() && qualifier != reference.qualifier->value()) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("{} and --qualifier {} contradict each other.",
                                    options.function, qualifier));
        }
        qualifier = reference.qualifier->value();
    }
    auto const& name = reference.name.value();
    return Target{.function = name,
                  .resource = qualifier.empty() ? "" : fmt::format("{}:{}", name, qualifier)};
}

// What is asked for: one request a metric.
struct Column {
    char const* name_space;
    char const* metric;
    char const* statistics;  // the end of the query
};
constexpr auto kColumns = std::to_array<Column>({
    {"AWS/Lambda", "Invocations", "Statistics=Sum"},
    {"AWS/Lambda", "Errors", "Statistics=Sum"},
    {"AWS/Lambda", "Throttles", "Statistics=Sum"},
    {"AWS/Lambda", "Duration", "Statistics=Average,Maximum&ExtendedStatistics=p50,p99"},
    {"AWS/Lambda", "ConcurrentExecutions", "Statistics=Maximum"},
    {"Meridian/Lambda", "ColdStarts", "Statistics=Sum"},
    {"Meridian/Lambda", "BilledGBSeconds", "Statistics=Sum"},
});

// By time, and by metric: the datapoint.
using Periods = std::map<std::string, std::map<std::string, json>>;

struct Found {
    Periods periods;
    std::string since;  // nothing before it is known
};

io::Task<Found> ask(Connection connection, Clock const& clock, MetricsOptions options,
                    Target target) {
    Found found;
    auto const now = clock.wall_now();
    auto const start = now - options.since;
    // Up to now, the second that runs included.
    auto const end = now + std::chrono::seconds(1);
    for (auto const& column : kColumns) {
        auto path = fmt::format(
            "/meridian/v1/metrics?Namespace={}&MetricName={}&FunctionName={}&StartTime={}"
            "&EndTime={}&Period={}&{}",
            wire::percent_encoded(column.name_space), column.metric,
            wire::percent_encoded(target.function),
            wire::percent_encoded(wire::format_iso8601(start)),
            wire::percent_encoded(wire::format_iso8601(end)), options.period.count(),
            column.statistics);
        if (!target.resource.empty())
            path += fmt::format("&Resource={}", wire::percent_encoded(target.resource));
        MERIDIAN_CO_TRY(auto const response, co_await call(connection, clock, "GET", path));
        auto const answer = json::parse(response.body, nullptr, false);
        if (!answer.is_object()) co_return fail(Errc::kIo, "The server's answer is not JSON.");
        for (auto const& point : answer.value("Datapoints", json::array()))
            found.periods[point.value("Timestamp", "")][column.metric] = point;
        found.since = answer.value("Since", "");
    }
    co_return found;
}

using Period = std::map<std::string, json>;

std::optional<double> value_of(Period const& period, char const* metric, char const* statistic) {
    auto const found = period.find(metric);
    if (found == period.end()) return std::nullopt;
    auto const& point = found->second;
    auto const& values = statistic[0] == 'p' && point.contains("ExtendedStatistics")
                             ? point["ExtendedStatistics"]
                             : point;
    auto const value = values.find(statistic);
    if (value == values.end() || !value->is_number()) return std::nullopt;
    return value->get<double>();
}

// Nothing is not 0: it stays empty.
std::string count_text(std::optional<double> value) {
    return value ? fmt::format("{:.0f}", *value) : "-";
}

std::string ms_text(std::optional<double> value) {
    if (!value) return "-";
    if (*value < 10) return fmt::format("{:.2f}", *value);
    return *value < 1'000 ? fmt::format("{:.1f}", *value) : fmt::format("{:.0f}", *value);
}

std::string line_of(std::string const& first, std::array<std::string, 8> const& cells) {
    std::string line = fmt::format("{:<20}", first);
    for (auto const& cell : cells) line += fmt::format(" {:>10}", cell);
    return line + "\n";
}

std::string table_of(Found const& found, MetricsOptions const& options, Target const& target,
                     WallTime now) {
    auto const what = target.resource.empty() ? target.function : target.resource;
    if (found.periods.empty()) {
        return fmt::format("{} was not called since {}.\n", what,
                           std::max(found.since, wire::format_iso8601(now - options.since)));
    }
    auto text = line_of(
        what, {"calls", "errors", "throttled", "p50 ms", "p99 ms", "max ms", "at once", "cold"});
    double calls = 0, errors = 0, throttles = 0, cold = 0, gb_seconds = 0;
    std::optional<double> slowest, most;
    for (auto const& [time, period] : found.periods) {
        auto const invocations = value_of(period, "Invocations", "Sum");
        auto const longest = value_of(period, "Duration", "Maximum");
        auto const at_once = value_of(period, "ConcurrentExecutions", "Maximum");
        text +=
            line_of(time, {count_text(invocations), count_text(value_of(period, "Errors", "Sum")),
                           count_text(value_of(period, "Throttles", "Sum")),
                           ms_text(value_of(period, "Duration", "p50")),
                           ms_text(value_of(period, "Duration", "p99")), ms_text(longest),
                           count_text(at_once), count_text(value_of(period, "ColdStarts", "Sum"))});
        calls += invocations.value_or(0);
        errors += value_of(period, "Errors", "Sum").value_or(0);
        throttles += value_of(period, "Throttles", "Sum").value_or(0);
        cold += value_of(period, "ColdStarts", "Sum").value_or(0);
        gb_seconds += value_of(period, "BilledGBSeconds", "Sum").value_or(0);
        if (longest) slowest = std::max(slowest.value_or(0), *longest);
        if (at_once) most = std::max(most.value_or(0), *at_once);
    }
    text += line_of("all", {count_text(calls), count_text(errors), count_text(throttles), "", "",
                            ms_text(slowest), count_text(most), count_text(cold)});
    if (calls > 0) {
        text += fmt::format("{:.2f} % of the calls failed; {:.3f} GB-seconds were billed.\n",
                            100 * errors / calls, gb_seconds);
    }
    if (found.since > wire::format_iso8601(now - options.since))
        text += fmt::format("Nothing before {} is known.\n", found.since);
    return text;
}

std::string lines_of(Found const& found) {
    std::string text;
    for (auto const& [time, period] : found.periods) {
        json line = {{"Timestamp", time}, {"Since", found.since}};
        for (auto const& [metric, point] : period) {
            auto& values = line[metric] = point;
            values.erase("Timestamp");
        }
        text += line.dump() + "\n";
    }
    return text;
}

}  // namespace

Result<std::chrono::seconds> parse_span(std::string_view text) {
    constexpr auto kLongest = std::chrono::hours(24);
    constexpr std::string_view kUnits = "smhd";
    constexpr std::array<std::uint32_t, 4> kSeconds = {1, 60, 3'600, 86'400};
    auto const* const end = text.data() + text.size();
    std::uint32_t number = 0;
    auto const [stopped, error] = std::from_chars(text.data(), end, number);
    std::string_view const unit(stopped, static_cast<std::size_t>(end - stopped));
    auto const found = unit.empty() ? 0 : kUnits.find(unit);
    if (error != std::errc{} || unit.size() > 1 || found == kUnits.npos || number == 0 ||
        number > kLongest / std::chrono::seconds(kSeconds[found])) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{} is no span of time such as 90s, 5m or 2h, up to 1d.", text));
    }
    return std::chrono::seconds(number * kSeconds[found]);
}

io::Task<> show_metrics(Connection connection, Clock const& clock, MetricsOptions options,
                        std::function<void(std::string_view)> print) {
    MERIDIAN_CO_TRY(auto const target, find_target(options));
    for (;;) {
        MERIDIAN_CO_TRY(auto const found, co_await ask(connection, clock, options, target));
        auto const text =
            options.json ? lines_of(found) : table_of(found, options, target, clock.wall_now());
        if (options.watch && options.screen) print(kClearScreen);
        print(text);
        if (!options.watch) co_return Result<void>{};
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kWatchInterval));
    }
}

}  // namespace meridian::cli
