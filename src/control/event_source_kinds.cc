#include "control/event_source_kinds.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "control/filter_pattern.h"
#include "model/limits.h"

namespace meridian::control {

namespace {

using nlohmann::json;

constexpr EventSourceKind kKinds[] = {
    {.name = "SQS", .service = "sqs", .batch_size = 10, .has_partial_batches = true},
    {.name = "Kinesis",
     .service = "kinesis",
     .batch_size = 100,
     .is_stream = true,
     .has_position = true,
     .at_timestamp = true,
     .has_destination = true,
     .has_partial_batches = true},
    {.name = "DynamoDB",
     .service = "dynamodb",
     .batch_size = 100,
     .is_stream = true,
     .has_position = true,
     .has_destination = true,
     .has_partial_batches = true},
    {.name = "Kafka",
     .service = "kafka",
     .batch_size = 100,
     .has_position = true,
     .at_timestamp = true,
     .has_destination = true,
     .has_partial_batches = true},
    {.name = "MQ", .service = "mq", .batch_size = 100},
    {.name = "DocumentDB",
     .service = "rds",
     .batch_size = 100,
     .has_position = true,
     .at_timestamp = true},
};

constexpr char const* kSelfManaged = "SelfManagedEventSource";
constexpr char const* kSelfManagedPosition = "TRIM_HORIZON";  // where none is asked for (recorded)

// Members that only shards have.
constexpr char const* kStreamMembers[] = {"ParallelizationFactor", "TumblingWindowInSeconds"};
// Members that shards and Kafka have.
constexpr char const* kRetryMembers[] = {"BisectBatchOnFunctionError", "MaximumRetryAttempts",
                                         "MaximumRecordAgeInSeconds"};

EventSourceKind const* kind_of_service(std::string_view service) {
    auto const* const kind = std::ranges::find(kKinds, service, &EventSourceKind::service);
    return kind == std::end(kKinds) ? nullptr : kind;
}

std::unexpected<Error> refused(std::string message) {
    return fail(Errc::kInvalidParameterValue, std::move(message));
}

std::unexpected<Error> unsupported_member(char const* member) {
    return refused(
        fmt::format("Unsupported {} parameter for given event source mapping type.", member));
}

Result<void> check_position(EventSourceKind const& kind, json const& settings) {
    bool const has_default = settings.contains(kSelfManaged);
    auto const position =
        settings.value("StartingPosition", has_default ? kSelfManagedPosition : "");
    if (!kind.has_position) {
        if (position.empty()) return {};
        return refused(
            fmt::format("StartingPosition is not valid for {} event sources.", kind.name));
    }
    if (position.empty()) {
        return refused(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null.");
    }
    if (position != "AT_TIMESTAMP") {
        if (settings.contains("StartingPositionTimestamp"))
            return refused("Timestamp only valid with StartingPosition AT_TIMESTAMP");
        return {};
    }
    if (!kind.at_timestamp) {
        return refused("Unsupported starting position for arn type: " +
                       settings.value("EventSourceArn", ""));
    }
    auto const timestamp = settings.find("StartingPositionTimestamp");
    if (timestamp == settings.end())  // GUESS: the text
        return refused("StartingPositionTimestamp is required for StartingPosition AT_TIMESTAMP");
    if (kind.service == "kinesis" && timestamp->get<double>() < 0) {
        return refused(
            "Received Exception while reading from provided stream. class java.lang.Long can not "
            "be converted to a Timestamp");
    }
    return {};
}

Result<void> check_filters(json const& settings) {
    auto const criteria = settings.find("FilterCriteria");
    if (criteria == settings.end()) return {};
    for (auto const& filter : criteria->value("Filters", json::array())) {
        auto const pattern = json::parse(filter.value("Pattern", ""), nullptr, false);
        if (!is_filter_pattern(pattern)) return refused("Invalid filter pattern definition.");
    }
    return {};
}

// The rule is the API reference's; the text is a guess.
Result<void> check_record_age(json const& settings) {
    auto const age = settings.value("MaximumRecordAgeInSeconds", -1);
    if (age == -1 || age >= model::limits::kMappingRecordAgeSecondsMin) return {};
    return refused(fmt::format("MaximumRecordAgeInSeconds must be -1, or between {} and {}.",
                               model::limits::kMappingRecordAgeSecondsMin,
                               model::limits::kMappingRecordAgeSecondsMax));
}

Result<void> check_batches(EventSourceKind const& kind, json const& settings) {
    if (kind.service != "sqs") return {};
    auto const batch = settings.value("BatchSize", kind.batch_size);
    bool const fifo = settings.value("EventSourceArn", "").ends_with(".fifo");
    if (fifo && settings.value("MaximumBatchingWindowInSeconds", 0) > 0)
        return refused("Batching window is not supported for FIFO queues");
    if (batch <= model::limits::kSqsBatchWithoutWindowMax) return {};
    if (fifo) {
        return refused(fmt::format("Batch size must be at most {} for FIFO queues.",
                                   model::limits::kSqsBatchWithoutWindowMax));
    }
    if (settings.value("MaximumBatchingWindowInSeconds", 0) > 0) return {};
    return refused(
        fmt::format("Maximum batch window in seconds must be greater than 0 if maximum "
                    "batch size is greater than {}",
                    model::limits::kSqsBatchWithoutWindowMax));
}

}  // namespace

Result<EventSourceKind const*> kind_of(json const& request) {
    auto const arn = request.value("EventSourceArn", "");
    if (arn.empty() && request.contains(kSelfManaged)) {
        if (request.value("SourceAccessConfigurations", json::array()).empty())
            return refused("Required 'sourceAccessConfigurations' parameter is missing.");
        return kind_of_service("kafka");
    }
    auto const begin = arn.find(':', 4);
    auto const end = begin == std::string::npos ? begin : arn.find(':', begin + 1);
    if (end != std::string::npos) {
        if (auto const* const kind =
                kind_of_service(std::string_view(arn).substr(begin + 1, end - begin - 1)))
            return kind;
    }
    return refused("Unrecognized event source.");
}

Result<void> check_mapping(EventSourceKind const& kind, json const& settings) {
    MERIDIAN_CHECK(check_position(kind, settings));
    for (auto const* member : kStreamMembers) {
        if (settings.contains(member) && !kind.is_stream) return unsupported_member(member);
    }
    for (auto const* member : kRetryMembers) {
        if (settings.contains(member) && !kind.is_stream && kind.service != "kafka")
            return unsupported_member(member);
    }
    if (settings.contains("DestinationConfig") && !kind.has_destination)
        return unsupported_member("DestinationConfig");
    if (settings.contains("FunctionResponseTypes") && !kind.has_partial_batches)
        return unsupported_member("FunctionResponseTypes");
    if (settings.contains("ScalingConfig") && kind.service != "sqs")
        return unsupported_member("ScalingConfig");
    MERIDIAN_CHECK(check_record_age(settings));
    MERIDIAN_CHECK(check_batches(kind, settings));
    return check_filters(settings);
}

json with_defaults(EventSourceKind const& kind, std::string const& uuid, json settings) {
    auto const set = [&](char const* member, json value) {
        if (!settings.contains(member)) settings[member] = std::move(value);
    };
    set("BatchSize", kind.batch_size);
    if (kind.is_stream || kind.service == "sqs") {  // Kafka shows neither (recorded)
        set("MaximumBatchingWindowInSeconds", 0);
        set("FunctionResponseTypes", json::array());
    }
    if (kind.service == "kafka") {
        bool const is_self_managed = settings.contains(kSelfManaged);
        auto& config = settings[is_self_managed ? "SelfManagedKafkaEventSourceConfig"
                                                : "AmazonManagedKafkaEventSourceConfig"];
        if (!config.contains("ConsumerGroupId")) config["ConsumerGroupId"] = uuid;
        if (is_self_managed) set("StartingPosition", kSelfManagedPosition);
    }
    if (kind.is_stream) {
        set("MaximumRecordAgeInSeconds", -1);
        set("MaximumRetryAttempts", -1);
        set("ParallelizationFactor", 1);
        set("TumblingWindowInSeconds", 0);
        set("BisectBatchOnFunctionError", false);
        set("DestinationConfig", {{"OnFailure", json::object()}});
    }
    return settings;
}

}  // namespace meridian::control
