#pragma once
// What AWS's API model says about the operations of Lambda, IAM and STS, as constant tables that
// tools/update-model generates from api_model/*.json. One interpreter reads them (rest_json.h,
// query_xml.h, validation.h); there is no class per shape. Constant data: any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/operation_id.h"

namespace meridian::wire {

enum class Service : std::uint8_t { kLambda, kIam, kSts };

// The name in a credential scope ("lambda"), and back.
[[nodiscard]] std::string_view signing_name(Service service) noexcept;
[[nodiscard]] std::optional<Service> service_of_signing_name(std::string_view name) noexcept;
// The service's API version ("2015-03-31") and, for the XML services, the namespace of their
// answers.
[[nodiscard]] std::string_view api_version(Service service) noexcept;
[[nodiscard]] std::string_view xml_namespace(Service service) noexcept;

enum class ShapeKind : std::uint8_t {
    kStructure,
    kList,
    kMap,
    kString,
    kBlob,
    kBoolean,
    kInteger,
    kLong,
    kDouble,
    kTimestamp,
};

// Where a member travels. kPayload is the raw HTTP body (Invoke's).
enum class Location : std::uint8_t { kBody, kPath, kQuery, kHeader, kStatus, kPayload };

using ShapeId = std::uint16_t;  // 0 is no shape

struct Member {
    std::string_view name;       // "FunctionName": the key in our JSON objects
    std::string_view wire_name;  // its header, query parameter, label or XML element
    ShapeId shape;
    Location location;
    bool required;
};

struct Shape {
    std::string_view name;
    ShapeKind kind;
    bool sensitive;  // its values are never quoted in messages
    bool has_min, has_max;
    ShapeId element, key;   // of lists and maps
    double min, max;        // characters, elements or value, by kind
    std::uint16_t pattern;  // pattern.h; 0 is none
    std::uint16_t member_first, member_count;
    std::uint16_t enum_first, enum_count;
    std::string_view list_member_name;  // XML element of a list's members
};

[[nodiscard]] Shape const& shape(ShapeId id) noexcept;
// The shape of that name, or null. A search: not for every request.
[[nodiscard]] Shape const* find_shape(Service service, std::string_view name) noexcept;
[[nodiscard]] std::span<Member const> members(Shape const& structure) noexcept;  // in model order
[[nodiscard]] std::span<std::string_view const> enum_values(Shape const& string) noexcept;

struct Operation {
    OperationId id;
    Service service;
    std::string_view name;    // "CreateFunction"
    std::string_view method;  // "POST"
    std::string_view path;    // "/2015-03-31/functions/{FunctionName}"
    std::string_view query;   // a literal parameter that the route needs ("List=ALL"), or empty
    int success_status;
    ShapeId input, output;            // 0 where there is none
    std::string_view result_wrapper;  // XML: "CreateRoleResult"; empty where there is no output
};

[[nodiscard]] Operation const& operation(OperationId id) noexcept;
[[nodiscard]] std::span<Operation const> operations() noexcept;

inline constexpr std::size_t kPathLabelsMax = 4;

// A request's path matched to an operation. The views point into the path that was given.
struct RouteMatch {
    Operation const* operation = nullptr;
    struct Label {
        std::string_view name;     // "FunctionName"
        std::string_view encoded;  // still percent-encoded
    };
    std::array<Label, kPathLabelsMax> labels = {};
    std::size_t label_count = 0;
};

// The Lambda operation of a request line. `path` and `query` as received, percent-encoded; one
// slash at the end is ignored, as the AWS CLI sends it. kUnknownOperation for what no route
// matches.
[[nodiscard]] Result<RouteMatch> find_route(std::string_view method, std::string_view path,
                                            std::string_view query);

// The operation of a query-protocol service by its Action parameter, or null.
[[nodiscard]] Operation const* find_action(Service service, std::string_view action) noexcept;

// The error shapes of the model; errors.h has the table that the service answers from.
struct ErrorShape {
    Service service;
    std::string_view name;  // "ResourceNotFoundException"
    std::string_view code;  // query services: "NoSuchEntity"
    int status;
    bool sender_fault;
    std::string_view message_key;  // "message" or "Message"
};
[[nodiscard]] std::span<ErrorShape const> error_shapes() noexcept;

// A pattern of the model: as AWS shows it, and as RE2 understands it (without lookaround): `match`
// must match the whole value and `refuse`, where not empty, must not.
struct PatternText {
    std::string_view shown;
    std::string_view match;
    std::string_view refuse;
};
[[nodiscard]] std::span<PatternText const> patterns() noexcept;

}  // namespace meridian::wire
