#include "api/cloudwatch_actions.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "telemetry/metric_query.h"
#include "wire/statistic.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using telemetry::Datapoint;
using telemetry::MetricDimensions;

constexpr std::string_view kTargetPrefix = "GraniteServiceVersion20100801.";
constexpr std::string_view kJsonContentType = "application/x-amz-json-1.0";
constexpr std::size_t kQueriesMax = 500;            // of GetMetricData
constexpr std::size_t kListPageMax = 500;           // of ListMetrics
constexpr std::size_t kExtendedStatisticsMax = 10;  // of GetMetricStatistics
constexpr auto kStatisticNames =
    std::to_array<std::string_view>({"SampleCount", "Average", "Sum", "Minimum", "Maximum"});

std::unexpected<Error> bad_input(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

// A member of its type, or nothing; a wrong type is an error.
Result<json const*> find_member(json const& input, char const* name, json::value_t type) {
    auto const found = input.find(name);
    if (found == input.end() || found->is_null()) return nullptr;
    bool const same =
        found->type() == type || (type == json::value_t::number_float && found->is_number());
    if (!same)
        return fail(Errc::kSerialization,
                    fmt::format("The parameter {} has the wrong type.", name));
    return &*found;
}

Result<std::string> member_text(json const& input, char const* name) {
    MERIDIAN_TRY(auto const* const found, find_member(input, name, json::value_t::string));
    return found == nullptr ? std::string() : found->get<std::string>();
}

Result<std::string> required_member_text(json const& input, char const* name) {
    MERIDIAN_TRY(auto text, member_text(input, name));
    if (text.empty()) return bad_input(fmt::format("The parameter {} is required.", name));
    return text;
}

Result<WallTime> member_time(json const& input, char const* name) {
    constexpr double kSecondsMax = 4'294'967'295;
    MERIDIAN_TRY(auto const* const found, find_member(input, name, json::value_t::number_float));
    if (found == nullptr) return bad_input(fmt::format("The parameter {} is required.", name));
    auto const seconds = found->get<double>();
    if (!(seconds >= 0) || seconds > kSecondsMax)
        return bad_input(fmt::format("The parameter {} must be between 1970 and 2106.", name));
    return WallTime{std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6))};
}

Result<std::chrono::seconds> member_period(json const& input) {
    constexpr double kPeriodMax = 86'400;
    MERIDIAN_TRY(auto const* const found,
                 find_member(input, "Period", json::value_t::number_float));
    auto const seconds = found == nullptr ? 0.0 : found->get<double>();
    if (!(seconds >= 1) || seconds > kPeriodMax)
        return bad_input(
            fmt::format("The parameter Period must be from 1 to {} seconds.", kPeriodMax));
    return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

// Whether the service has them at all: one that it does not know has no data, as on CloudWatch.
struct ReadDimensions {
    MetricDimensions dimensions;
    bool known = true;
};
Result<ReadDimensions> dimensions_of(json const& input) {
    MERIDIAN_TRY(auto const* const list, find_member(input, "Dimensions", json::value_t::array));
    ReadDimensions read;
    if (list == nullptr) return read;
    for (auto const& dimension : *list) {
        if (!dimension.is_object()) return bad_input("A dimension has Name and Value.");
        MERIDIAN_TRY(auto const name, required_member_text(dimension, "Name"));
        MERIDIAN_TRY(auto value, required_member_text(dimension, "Value"));
        auto* const member = name == "FunctionName"      ? &read.dimensions.function
                             : name == "Resource"        ? &read.dimensions.resource
                             : name == "ExecutedVersion" ? &read.dimensions.executed_version
                                                         : nullptr;
        if (member == nullptr) {
            read.known = false;
        } else if (*member) {
            return bad_input(fmt::format("The dimension {} is given twice.", name));
        } else {
            *member = std::move(value);
        }
    }
    return read;
}

double value_of(Datapoint const& point, std::string_view statistic) {
    if (statistic == "SampleCount") return point.sample_count;
    if (statistic == "Average") return point.average();
    if (statistic == "Sum") return point.sum;
    return statistic == "Minimum" ? point.minimum : point.maximum;
}

Result<void> check_statistic(telemetry::MetricForm const* form, std::string_view statistic) {
    if (std::ranges::find(kStatisticNames, statistic) == kStatisticNames.end())
        return bad_input(fmt::format("The value {} for a statistic is not supported.", statistic));
    bool const extreme = statistic == "Minimum" || statistic == "Maximum";
    if (extreme && form != nullptr && !telemetry::has_extremes(form->id))
        return bad_input(fmt::format("There is no {} of {}.", statistic, form->name));
    return {};
}

// One metric's datapoints; none of what does not exist.
struct MetricRequest {
    telemetry::MetricForm const* form = nullptr;  // null: not a metric of ours
    ReadDimensions read;
    std::string unit;
};
Result<MetricRequest> metric_of(json const& metric, json const& with_unit) {
    MetricRequest request;
    MERIDIAN_TRY(auto const name_space, required_member_text(metric, "Namespace"));
    MERIDIAN_TRY(auto const name, required_member_text(metric, "MetricName"));
    request.form = telemetry::find_metric(name_space, name);
    MERIDIAN_TRY(request.read, dimensions_of(metric));
    MERIDIAN_TRY(request.unit, member_text(with_unit, "Unit"));
    return request;
}

Result<std::vector<Datapoint>> datapoints_of(MetricsCall const& call, MetricRequest const& request,
                                             telemetry::MetricQuery query) {
    auto const& [form, read, unit] = request;
    bool const exists = form != nullptr && read.known && (unit.empty() || unit == form->unit) &&
                        telemetry::has_dimensions(form->id, read.dimensions);
    if (!exists) return std::vector<Datapoint>{};
    query.account = call.caller.account;
    query.metric = form->id;
    query.dimensions = read.dimensions;
    return telemetry::query_metric(call.metrics, query, call.now);
}

double epoch_seconds(WallTime time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

Result<json> get_metric_statistics(MetricsCall const& call, json const& input) {
    MERIDIAN_TRY(auto const request, metric_of(input, input));
    telemetry::MetricQuery query;
    MERIDIAN_TRY(query.start, member_time(input, "StartTime"));
    MERIDIAN_TRY(query.end, member_time(input, "EndTime"));
    MERIDIAN_TRY(query.period, member_period(input));
    std::vector<std::string> statistics, percentiles;
    for (auto const& [member, names] :
         {std::pair{"Statistics", &statistics}, std::pair{"ExtendedStatistics", &percentiles}}) {
        MERIDIAN_TRY(auto const* const list, find_member(input, member, json::value_t::array));
        for (auto const& name : list == nullptr ? json::array() : *list) {
            if (!name.is_string()) return bad_input(fmt::format("{} is a list of texts.", member));
            names->push_back(name.get<std::string>());
        }
    }
    if (statistics.empty() && percentiles.empty())
        return bad_input("At least one of Statistics and ExtendedStatistics must be specified.");
    for (auto const& name : statistics) {
        MERIDIAN_CHECK(check_statistic(request.form, name));
    }
    if (percentiles.size() > kExtendedStatisticsMax)
        return bad_input(
            fmt::format("There are more than {} ExtendedStatistics.", kExtendedStatisticsMax));
    for (auto const& name : percentiles) {
        auto const percent = wire::parse_percentile(name);
        if (!percent)
            return bad_input(fmt::format("The extended statistic {} is not supported.", name));
        query.percentiles.push_back(*percent);
    }
    MERIDIAN_TRY(auto const points, datapoints_of(call, request, query));
    json datapoints = json::array();
    for (auto const& point : points) {
        json out = {{"Timestamp", epoch_seconds(point.time)}, {"Unit", request.form->unit}};
        for (auto const& name : statistics) out[name] = value_of(point, name);
        for (std::size_t i = 0; i < percentiles.size(); ++i)
            out["ExtendedStatistics"][percentiles[i]] = point.percentiles[i];
        datapoints.push_back(std::move(out));
    }
    return json{{"Label", input.at("MetricName")}, {"Datapoints", std::move(datapoints)}};
}

Result<json> one_result(MetricsCall const& call, json const& asked, telemetry::MetricQuery query,
                        bool newest_first) {
    MERIDIAN_TRY(auto const id, required_member_text(asked, "Id"));
    MERIDIAN_TRY(auto const* const stat, find_member(asked, "MetricStat", json::value_t::object));
    if (asked.contains("Expression") || stat == nullptr) {
        return bad_input(fmt::format(
            "The query {} has no MetricStat: metric math and queries (Expression) are not "
            "supported.",
            id));
    }
    MERIDIAN_TRY(auto const* const metric, find_member(*stat, "Metric", json::value_t::object));
    if (metric == nullptr) return bad_input(fmt::format("The query {} has no Metric.", id));
    MERIDIAN_TRY(auto const request, metric_of(*metric, *stat));
    MERIDIAN_TRY(query.period, member_period(*stat));
    MERIDIAN_TRY(auto const statistic, required_member_text(*stat, "Stat"));
    if (auto const percent = wire::parse_percentile(statistic)) {
        query.percentiles.push_back(*percent);
    } else {
        MERIDIAN_CHECK(check_statistic(request.form, statistic));
    }
    // There is nothing before; whole periods keep those that follow where they are.
    auto const since = telemetry::known_since(call.metrics, call.now);
    if (query.start < since) {
        auto const whole = (since - query.start) / query.period;
        query.start =
            std::min(query.start + whole * query.period, query.end - std::chrono::microseconds(1));
    }
    MERIDIAN_TRY(auto points, datapoints_of(call, request, query));
    if (newest_first) std::ranges::reverse(points);
    json timestamps = json::array(), values = json::array();
    for (auto const& point : points) {
        timestamps.push_back(epoch_seconds(point.time));
        values.push_back(query.percentiles.empty() ? value_of(point, statistic)
                                                   : point.percentiles.front());
    }
    MERIDIAN_TRY(auto label, member_text(asked, "Label"));
    if (label.empty()) label = metric->at("MetricName").get<std::string>();
    return json{{"Id", id},
                {"Label", std::move(label)},
                {"Timestamps", std::move(timestamps)},
                {"Values", std::move(values)},
                {"StatusCode", "Complete"}};
}

Result<json> get_metric_data(MetricsCall const& call, json const& input) {
    if (input.contains("NextToken"))
        return bad_input("NextToken: every answer of this service is complete.");
    telemetry::MetricQuery query;
    MERIDIAN_TRY(query.start, member_time(input, "StartTime"));
    MERIDIAN_TRY(query.end, member_time(input, "EndTime"));
    if (query.end <= query.start) return bad_input("StartTime must be before EndTime.");
    MERIDIAN_TRY(auto const scan_by, member_text(input, "ScanBy"));
    if (!scan_by.empty() && scan_by != "TimestampAscending" && scan_by != "TimestampDescending")
        return bad_input("ScanBy must be TimestampAscending or TimestampDescending.");
    MERIDIAN_TRY(auto const* const queries,
                 find_member(input, "MetricDataQueries", json::value_t::array));
    if (queries == nullptr || queries->empty() || queries->size() > kQueriesMax)
        return bad_input(fmt::format("There must be from 1 to {} MetricDataQueries.", kQueriesMax));
    json results = json::array();
    for (auto const& asked : *queries) {
        if (!asked.is_object()) return bad_input("A MetricDataQuery is an object.");
        MERIDIAN_TRY(auto result, one_result(call, asked, query, scan_by != "TimestampAscending"));
        bool const wanted = !asked.contains("ReturnData") || asked["ReturnData"] != false;
        if (wanted) results.push_back(std::move(result));
    }
    return json{{"MetricDataResults", std::move(results)}, {"Messages", json::array()}};
}

json listed_json(telemetry::ListedMetric const& listed) {
    auto const& form = telemetry::form_of(listed.metric);
    json dimensions = json::array();
    for (auto const& [name, value] :
         {std::pair{"FunctionName", &listed.dimensions.function},
          std::pair{"Resource", &listed.dimensions.resource},
          std::pair{"ExecutedVersion", &listed.dimensions.executed_version}}) {
        if (*value) dimensions.push_back({{"Name", name}, {"Value", **value}});
    }
    return {{"Namespace", form.name_space},
            {"MetricName", form.name},
            {"Dimensions", std::move(dimensions)}};
}

// Whether every dimension that is asked for is there, with its value if one is given.
bool matches(json const& metric, json const& filters) {
    return std::ranges::all_of(filters, [&](json const& filter) {
        return std::ranges::any_of(metric["Dimensions"], [&](json const& dimension) {
            return dimension["Name"] == filter["Name"] &&
                   (!filter.contains("Value") || dimension["Value"] == filter["Value"]);
        });
    });
}

Result<json> list_metrics(MetricsCall const& call, json const& input) {
    for (auto const* const unsupported :
         {"RecentlyActive", "IncludeLinkedAccounts", "OwningAccount"}) {
        auto const given = input.find(unsupported);
        if (given != input.end() && *given != false)
            return bad_input(fmt::format("{} is not supported.", unsupported));
    }
    MERIDIAN_TRY(auto const name_space, member_text(input, "Namespace"));
    MERIDIAN_TRY(auto const name, member_text(input, "MetricName"));
    MERIDIAN_TRY(auto const token, member_text(input, "NextToken"));
    MERIDIAN_TRY(auto const* const given, find_member(input, "Dimensions", json::value_t::array));
    auto const filters = given == nullptr ? json::array() : *given;
    for (auto const& filter : filters) {
        if (!filter.is_object()) return bad_input("A dimension's filter has a Name.");
        MERIDIAN_CHECK(required_member_text(filter, "Name"));
        MERIDIAN_CHECK(member_text(filter, "Value"));
    }
    std::size_t first = 0;
    auto const* const end = token.data() + token.size();
    auto const [stopped, error] = std::from_chars(token.data(), end, first);
    if (!token.empty() && (error != std::errc{} || stopped != end))
        return bad_input("The NextToken is none of this service.");
    json page = json::array();
    std::size_t index = 0;
    for (auto const& listed :
         telemetry::list_metrics(call.metrics, call.caller.account, std::nullopt)) {
        auto metric = listed_json(listed);
        bool const wanted = (name_space.empty() || metric["Namespace"] == name_space) &&
                            (name.empty() || metric["MetricName"] == name) &&
                            matches(metric, filters);
        if (!wanted || index++ < first) continue;
        if (page.size() == kListPageMax)
            return json{{"Metrics", std::move(page)}, {"NextToken", fmt::format("{}", index - 1)}};
        page.push_back(std::move(metric));
    }
    return json{{"Metrics", std::move(page)}};
}

struct CloudWatchOperation {
    std::string_view name;
    std::string_view action;
    Result<json> (*run)(MetricsCall const& call, json const& input);
};
constexpr auto kCloudWatchOperations = std::to_array<CloudWatchOperation>({
    {"GetMetricStatistics", "cloudwatch:GetMetricStatistics", get_metric_statistics},
    {"GetMetricData", "cloudwatch:GetMetricData", get_metric_data},
    {"ListMetrics", "cloudwatch:ListMetrics", list_metrics},
});

Result<json> answer_of(MetricsCall const& call, HttpRequest const& request) {
    auto target = request.headers.get("X-Amz-Target");
    if (request.method != "POST" || !target.starts_with(kTargetPrefix)) {
        return fail(Errc::kNotImplemented,
                    "CloudWatch's API is served in the AWS JSON 1.0 protocol only.");
    }
    target.remove_prefix(kTargetPrefix.size());
    auto const* const operation =
        std::ranges::find(kCloudWatchOperations, target, &CloudWatchOperation::name);
    if (operation == kCloudWatchOperations.end()) {
        return fail(Errc::kNotImplemented,
                    fmt::format("{} is not implemented in this version of Meridian.", target));
    }
    MERIDIAN_CHECK(authorize_metrics(call, operation->action));
    auto const input =
        request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
    if (!input.is_object()) return fail(Errc::kSerialization, "The body is not a JSON object.");
    return operation->run(call, input);
}

struct ErrorForm {
    std::string_view type;
    std::string_view query_code;  // what clients of the query protocol know it by
    int status;
};
ErrorForm form_of(Errc code) {
    switch (code) {
        case Errc::kInvalidParameterValue:
            return {"InvalidParameterValueException", "InvalidParameterValue", 400};
        case Errc::kSerialization:
            return {"SerializationException", "MalformedInput", 400};
        case Errc::kNotImplemented:
            return {"NotImplementedException", "NotImplemented", 501};
        case Errc::kAccessDenied:
            return {"AccessDeniedException", "AccessDenied", 403};
        case Errc::kMissingAuthentication:
            return {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403};
        case Errc::kIncompleteSignature:
            return {"IncompleteSignatureException", "IncompleteSignature", 400};
        case Errc::kUnrecognizedClient:
            return {"UnrecognizedClientException", "InvalidClientTokenId", 403};
        case Errc::kInvalidSignature:
            return {"InvalidSignatureException", "SignatureDoesNotMatch", 403};
        case Errc::kExpiredToken:
            return {"ExpiredTokenException", "ExpiredToken", 403};
        default:
            return {"InternalServiceFault", "InternalServiceError", 500};
    }
}

HttpResponse response_of(int status, json const& body, model::RequestId const& request_id) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", std::string(kJsonContentType));
    response.headers.add("x-amzn-RequestId", request_id.value());
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

}  // namespace

HttpResponse cloudwatch_error(Error const& error, model::RequestId const& request_id) {
    auto const form = form_of(error.code);
    auto response = response_of(form.status,
                                {{"__type", fmt::format("com.amazonaws.cloudwatch#{}", form.type)},
                                 {"message", error.message}},
                                request_id);
    response.headers.add(
        "x-amzn-query-error",
        fmt::format("{};{}", form.query_code, form.status < 500 ? "Sender" : "Receiver"));
    return response;
}

HttpResponse serve_cloudwatch(MetricsCall const& call, HttpRequest const& request,
                              model::RequestId const& request_id) {
    auto const answer = answer_of(call, request);
    return answer ? response_of(200, *answer, request_id)
                  : cloudwatch_error(answer.error(), request_id);
}

}  // namespace meridian::api
