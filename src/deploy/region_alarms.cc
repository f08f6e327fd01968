#include "deploy/region_alarms.h"

#include <fmt/format.h>

#include "wire/event_time.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds kFewSeconds{100};

io::Task<json> ask(ServiceCalls& calls, std::string target) {
    MERIDIAN_CO_TRY(auto answer, co_await calls.api().rest("meridian", "GET", std::move(target)));
    // An endpoint that keeps none.
    if (answer.status == 404 || answer.status == 501)
        co_return fail(Errc::kNotImplemented, calls.region() + " keeps no metrics");
    if (!answer.ok()) co_return std::unexpected(error_of("metrics", answer));
    co_return std::move(answer.body);
}

}  // namespace

io::Task<AlarmState> RegionAlarms::evaluate(ServiceCalls& calls, json alarm) {
    MERIDIAN_CO_TRY(auto const definition, parse_alarm(alarm));
    auto const now = clock_.wall_now();
    MERIDIAN_CO_TRY(auto const answer, co_await ask(calls, alarm_request(definition, now)));
    auto const key = calls.region() + ":" + alarm.value("AlarmName", "");
    auto const known = before_.find(key);
    auto const before = known == before_.end() ? AlarmState::kInsufficientData : known->second;
    MERIDIAN_CO_TRY(auto const found, evaluate_alarm(definition, answer, now, before));
    before_[key] = found.state;
    co_return found.state;
}

io::Task<std::optional<std::uint64_t>> RegionAlarms::invocations(ServiceCalls& calls,
                                                                 std::string function,
                                                                 std::string alias,
                                                                 std::string version,
                                                                 WallTime since) {
    auto const start = std::chrono::floor<seconds>(since);
    auto const end = std::chrono::ceil<seconds>(clock_.wall_now());
    // By the second where that is little; a new version has no calls from before anyway.
    auto const period = end - start <= kFewSeconds ? 1 : 60;
    auto const target = fmt::format(
        "/meridian/v1/metrics?MetricName=Invocations&FunctionName={}&Resource={}&ExecutedVersion={}"
        "&StartTime={}&EndTime={}&Period={}&Statistics=Sum",
        wire::percent_encoded(function), wire::percent_encoded(function + ":" + alias),
        wire::percent_encoded(version), wire::percent_encoded(wire::format_iso8601(start)),
        wire::percent_encoded(wire::format_iso8601(end)), period);
    auto const answer = co_await ask(calls, target);
    if (!answer) {
        if (answer.error().code == Errc::kNotImplemented) co_return std::nullopt;
        co_return std::unexpected(answer.error());
    }
    double sum = 0;
    for (auto const& point : answer->value("Datapoints", json::array()))
        sum += point.value("Sum", 0.0);
    co_return static_cast<std::uint64_t>(sum);
}

}  // namespace meridian::deploy
