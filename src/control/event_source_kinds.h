#pragma once
// What a mapping may ask of each kind of event source, and what holds where it does not. Pure; any
// thread. Source: Developer Guide, "Event source mappings"; texts as recorded.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::control {

struct EventSourceKind {
    std::string_view name;             // as AWS writes it in messages
    std::string_view service;          // of the source's ARN
    int batch_size = 0;                // default
    bool is_stream = false;            // Kinesis, DynamoDB: shards, retries, windows
    bool has_position = false;         // StartingPosition is needed
    bool at_timestamp = false;         // … and may be AT_TIMESTAMP
    bool has_destination = false;      // OnFailure
    bool has_partial_batches = false;  // FunctionResponseTypes
};

// By the ARN of a request, or by SelfManagedEventSource; kInvalidParameterValue where it names
// none.
[[nodiscard]] Result<EventSourceKind const*> kind_of(nlohmann::json const& request);

// Whether a request's settings go with its source. kInvalidParameterValue.
[[nodiscard]] Result<void> check_mapping(EventSourceKind const& kind,
                                         nlohmann::json const& settings);

// `settings` of the mapping `uuid`, with what holds where they say nothing.
[[nodiscard]] nlohmann::json with_defaults(EventSourceKind const& kind, std::string const& uuid,
                                           nlohmann::json settings);

}  // namespace meridian::control
