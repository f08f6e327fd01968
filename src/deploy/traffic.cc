#include "deploy/traffic.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace meridian::deploy {
namespace {

using std::chrono::seconds;

std::unexpected<Error> refused(std::string_view type) {
    return fail(Errc::kInvalidParameterValue,
                fmt::format("{} is no way to shift traffic: AllAtOnce, Canary10Percent5Minutes, "
                            "Linear10PercentEvery1Minute, or the like with other numbers, Seconds, "
                            "Minutes or Hours, at most {} hours in all.",
                            type, kShiftLongest.count()));
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<int> take_number(std::string_view& text) {
    int number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// "5Minutes", to the end of the text.
std::optional<seconds> take_time(std::string_view text) {
    auto const number = take_number(text);
    if (!number) return std::nullopt;
    seconds unit{0};
    if (take(text, "Second"))
        unit = seconds(1);
    else if (take(text, "Minute"))
        unit = std::chrono::minutes(1);
    else if (take(text, "Hour"))
        unit = std::chrono::hours(1);
    take(text, "s");
    if (unit.count() == 0 || !text.empty()) return std::nullopt;
    return unit * *number;
}

}  // namespace

Result<std::vector<TrafficStep>> parse_traffic_shift(std::string_view type) {
    auto text = type;
    take(text, "CodeDeployDefault.");
    take(text, "Lambda");
    if (text == "AllAtOnce") return std::vector<TrafficStep>{{.percent = 100}};
    bool const canary = take(text, "Canary");
    if (!canary && !take(text, "Linear")) return refused(type);
    auto const percent = take_number(text);
    if (!percent || *percent > 99 || !take(text, "Percent")) return refused(type);
    if (!canary && !take(text, "Every")) return refused(type);
    auto const time = take_time(text);
    if (!time || *time > kShiftLongest) return refused(type);
    std::vector<TrafficStep> steps;
    if (canary) {
        steps.push_back({.percent = *percent, .stays = *time});
    } else {
        for (int sum = *percent; sum < 100; sum += *percent)
            steps.push_back({.percent = sum, .stays = *time});
    }
    steps.push_back({.percent = 100});
    if (duration_of(steps) > kShiftLongest) return refused(type);
    return steps;
}

seconds duration_of(std::vector<TrafficStep> const& steps) {
    seconds sum{0};
    for (auto const& step : steps) sum += step.stays;
    return sum;
}

}  // namespace meridian::deploy
