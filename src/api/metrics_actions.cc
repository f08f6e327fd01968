#include "api/metrics_actions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/meridian_json.h"
#include "telemetry/metric_query.h"
#include "wire/event_time.h"
#include "wire/statistic.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using telemetry::Datapoint;

constexpr std::size_t kPercentilesMax = 10;  // as CloudWatch

using Parameters = std::map<std::string, std::string, std::less<>>;

std::unexpected<Error> bad_query(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

Result<Parameters> read_parameters(HttpRequest const& request,
                                   std::initializer_list<std::string_view> known) {
    Parameters parameters;
    for (auto const& [key, value] : wire::split_query(request.query())) {
        auto name = wire::percent_decoded_text(key);
        if (std::ranges::find(known, name) == known.end())
            return bad_query(fmt::format("{} is not known here.", name));
        if (!parameters.emplace(name, wire::percent_decoded_text(value)).second)
            return bad_query(fmt::format("{} is given twice.", name));
    }
    return parameters;
}

std::optional<std::string> find_parameter(Parameters const& parameters, std::string_view name) {
    auto const found = parameters.find(name);
    return found == parameters.end() ? std::nullopt : std::optional(found->second);
}

Result<WallTime> read_time(Parameters const& parameters, std::string_view name) {
    auto const text = find_parameter(parameters, name);
    auto const time = text ? wire::parse_iso8601(*text) : std::nullopt;
    if (!time) return bad_query(fmt::format("{} is a time such as 2026-11-23T10:42:07Z.", name));
    return *time;
}

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        auto const comma = std::min(list.find(','), list.size());
        parts.emplace_back(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return parts;
}

struct NamedStatistic {
    std::string_view name;
    double (*of)(Datapoint const&);
    bool extreme = false;
};
constexpr auto kNamedStatistics = std::to_array<NamedStatistic>({
    {"SampleCount", [](Datapoint const& point) { return point.sample_count; }},
    {"Average", [](Datapoint const& point) { return point.average(); }},
    {"Sum", [](Datapoint const& point) { return point.sum; }},
    {"Minimum", [](Datapoint const& point) { return point.minimum; }, true},
    {"Maximum", [](Datapoint const& point) { return point.maximum; }, true},
});

// What is asked for, with the statistics by name.
struct Asked {
    telemetry::MetricQuery query;
    std::vector<NamedStatistic const*> statistics;
    std::vector<std::string> percentiles;
};

Result<void> read_statistics(Parameters const& parameters, Asked& asked) {
    for (auto const& name : split_list(find_parameter(parameters, "Statistics").value_or(""))) {
        auto const* const known =
            std::ranges::find(kNamedStatistics, std::string_view(name), &NamedStatistic::name);
        if (known == kNamedStatistics.end()) {
            return bad_query(fmt::format(
                "Statistics: {} is none of SampleCount, Average, Sum, Minimum, Maximum.", name));
        }
        auto const& form = telemetry::form_of(asked.query.metric);
        if (known->extreme && !telemetry::has_extremes(form.id))
            return bad_query(fmt::format("There is no {} of {}.", name, form.name));
        asked.statistics.push_back(known);
    }
    for (auto const& name :
         split_list(find_parameter(parameters, "ExtendedStatistics").value_or(""))) {
        auto const percent = wire::parse_percentile(name);
        if (!percent) {
            return bad_query(
                fmt::format("ExtendedStatistics: {} is no percentile such as p99.9; other "
                            "extended statistics are not supported.",
                            name));
        }
        asked.query.percentiles.push_back(*percent);
        asked.percentiles.push_back(name);
    }
    if (asked.percentiles.size() > kPercentilesMax)
        return bad_query(fmt::format("More than {} ExtendedStatistics.", kPercentilesMax));
    if (asked.statistics.empty() && asked.percentiles.empty())
        return bad_query("Statistics or ExtendedStatistics must say what is wanted.");
    return {};
}

Result<Asked> read_query(HttpRequest const& request, model::AccountId const& account) {
    MERIDIAN_TRY(auto const parameters,
                 read_parameters(request, {"Namespace", "MetricName", "FunctionName", "Resource",
                                           "ExecutedVersion", "StartTime", "EndTime", "Period",
                                           "Statistics", "ExtendedStatistics"}));
    auto const name_space =
        find_parameter(parameters, "Namespace").value_or(std::string(telemetry::kLambdaNamespace));
    auto const name = find_parameter(parameters, "MetricName").value_or("");
    auto const* const form = telemetry::find_metric(name_space, name);
    if (form == nullptr) {
        return bad_query(
            fmt::format("There is no metric '{}' in the namespace {}.", name, name_space));
    }
    Asked asked;
    asked.query.account = account;
    asked.query.metric = form->id;
    asked.query.dimensions = {.function = find_parameter(parameters, "FunctionName"),
                              .resource = find_parameter(parameters, "Resource"),
                              .executed_version = find_parameter(parameters, "ExecutedVersion")};
    MERIDIAN_TRY(asked.query.start, read_time(parameters, "StartTime"));
    MERIDIAN_TRY(asked.query.end, read_time(parameters, "EndTime"));
    auto const period = find_parameter(parameters, "Period").value_or("");
    std::uint32_t seconds = 0;
    auto const* const end = period.data() + period.size();
    auto const [stopped, error] = std::from_chars(period.data(), end, seconds);
    if (period.empty() || error != std::errc{} || stopped != end)
        return bad_query("Period is a number of seconds.");
    asked.query.period = std::chrono::seconds(seconds);
    MERIDIAN_CHECK(read_statistics(parameters, asked));
    return asked;
}

json datapoint_json(Asked const& asked, Datapoint const& point) {
    json out = {{"Timestamp", wire::format_iso8601(point.time)},
                {"Unit", telemetry::form_of(asked.query.metric).unit}};
    for (auto const* const statistic : asked.statistics)
        out[std::string(statistic->name)] = statistic->of(point);
    for (std::size_t i = 0; i < asked.percentiles.size(); ++i)
        out["ExtendedStatistics"][asked.percentiles[i]] = point.percentiles[i];
    return out;
}

Result<json> get_statistics(MetricsCall const& call, HttpRequest const& request) {
    MERIDIAN_TRY(auto const asked, read_query(request, call.caller.account));
    MERIDIAN_TRY(auto const points, telemetry::query_metric(call.metrics, asked.query, call.now));
    json datapoints = json::array();
    for (auto const& point : points) datapoints.push_back(datapoint_json(asked, point));
    return json{{"Label", telemetry::form_of(asked.query.metric).name},
                {"Since", wire::format_iso8601(telemetry::known_since(call.metrics, call.now))},
                {"Datapoints", std::move(datapoints)}};
}

Result<json> list_names(MetricsCall const& call, HttpRequest const& request) {
    MERIDIAN_TRY(auto const parameters, read_parameters(request, {"FunctionName"}));
    json listed = json::array();
    for (auto const& [metric, dimensions] : telemetry::list_metrics(
             call.metrics, call.caller.account, find_parameter(parameters, "FunctionName"))) {
        auto const& form = telemetry::form_of(metric);
        json named = json::array();
        auto const add = [&](char const* name, std::optional<std::string> const& value) {
            if (value) named.push_back({{"Name", name}, {"Value", *value}});
        };
        add("FunctionName", dimensions.function);
        add("Resource", dimensions.resource);
        add("ExecutedVersion", dimensions.executed_version);
        listed.push_back({{"Namespace", form.name_space},
                          {"MetricName", form.name},
                          {"Dimensions", std::move(named)}});
    }
    return json{{"Since", wire::format_iso8601(telemetry::known_since(call.metrics, call.now))},
                {"Metrics", std::move(listed)}};
}

}  // namespace

Result<void> authorize_metrics(MetricsCall const& call, std::string_view action) {
    if (call.caller.principal.kind == auth::Principal::Kind::kRoot) return {};
    policy::RequestContext context;
    call.authorizer.describe(call.caller, call.origin, context);
    return call.authority.check(
        call.caller,
        {.action = action, .resource = "*", .resource_account = call.caller.account.value()},
        context);
}

Result<HttpResponse> serve_metrics(MetricsCall const& call, HttpRequest const& request) {
    auto const below = request.path().substr(kMetricsPath.size());
    bool const listing = below == "/list";
    if (request.method != "GET" || (!below.empty() && !listing))
        return fail(Errc::kUnknownOperation, "There is no such operation.");
    MERIDIAN_CHECK(
        authorize_metrics(call, listing ? "meridian:ListMetrics" : "meridian:GetMetrics"));
    MERIDIAN_TRY(auto const answer,
                 listing ? list_names(call, request) : get_statistics(call, request));
    return json_answer(answer);
}

}  // namespace meridian::api
