#include "wire/json_input.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/encoding.h"
#include "wire/event_time.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

char const* target_name(ShapeKind kind) {
    switch (kind) {
        case ShapeKind::kString:
            return "a String";
        case ShapeKind::kBlob:
            return "a Blob";
        case ShapeKind::kBoolean:
            return "a Boolean";
        case ShapeKind::kInteger:
            return "an Integer";
        case ShapeKind::kLong:
            return "a Long";
        case ShapeKind::kDouble:
            return "a Double";
        case ShapeKind::kTimestamp:
            return "milliseconds since epoch";
        default:
            return "a value";
    }
}

std::unexpected<Error> wrong_type(json const& value, ShapeKind kind) {
    switch (value.type()) {
        case json::value_t::object:
            return fail(Errc::kSerialization,
                        "Start of structure or map found where not expected.");
        case json::value_t::array:
            return fail(Errc::kSerialization, "Start of list found where not expected");
        default:
            break;
    }
    if (kind == ShapeKind::kList) return fail(Errc::kSerialization, "Expected list or null");
    if (kind == ShapeKind::kMap) return fail(Errc::kSerialization, "Expected map or null");
    if (kind == ShapeKind::kStructure) return fail(Errc::kSerialization, "Expected null");
    char const* const token = value.is_string()     ? "STRING_VALUE"
                              : !value.is_boolean() ? "NUMBER_VALUE"
                              : value.get<bool>()   ? "TRUE_VALUE"
                                                    : "FALSE_VALUE";
    return fail(Errc::kSerialization,
                std::string(token) + " can not be converted to " + target_name(kind));
}

std::optional<std::int64_t> whole_number(json const& value) {
    if (value.is_number_unsigned()) {
        auto const number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    return std::nullopt;
}

Result<json> to_integer(json const& value, ShapeKind kind) {
    auto const number = whole_number(value);
    bool const fits = number && (kind == ShapeKind::kLong ||
                                 (*number >= std::numeric_limits<std::int32_t>::min() &&
                                  *number <= std::numeric_limits<std::int32_t>::max()));
    if (!fits) return wrong_type(value, kind);
    return json(*number);
}

Result<json> to_structure(Shape const& structure, json&& value) {
    if (!value.is_object()) return wrong_type(value, ShapeKind::kStructure);
    auto& given = value.get_ref<json::object_t&>();
    json::object_t out;
    for (auto const& member : members(structure)) {
        if (member.location != Location::kBody) continue;  // of an input: what travels elsewhere
        auto const found = given.find(member.wire_name);
        if (found == given.end() || found->second.is_null()) continue;
        auto node = given.extract(found);
        if (member.name != member.wire_name) node.key() = member.name;
        MERIDIAN_TRY(node.mapped(), to_shape(member.shape, std::move(node.mapped())));
        out.insert(std::move(node));
    }
    return out;
}

}  // namespace

Result<json> to_shape(ShapeId id, json&& value) {
    Shape const& target = shape(id);
    switch (target.kind) {
        case ShapeKind::kStructure:
            return to_structure(target, std::move(value));
        case ShapeKind::kList:
            if (!value.is_array()) return wrong_type(value, target.kind);
            for (auto& element : value) {
                if (element.is_null()) continue;  // validation refuses it, in its own words
                MERIDIAN_TRY(element, to_shape(target.element, std::move(element)));
            }
            return std::move(value);
        case ShapeKind::kMap:
            if (!value.is_object()) return wrong_type(value, target.kind);
            for (auto& element : value) {
                if (element.is_null()) continue;
                MERIDIAN_TRY(element, to_shape(target.element, std::move(element)));
            }
            return std::move(value);
        case ShapeKind::kString:
        case ShapeKind::kBlob:  // base64 text, decoded by whoever wants the bytes
            if (!value.is_string()) return wrong_type(value, target.kind);
            return std::move(value);
        case ShapeKind::kBoolean:
            if (!value.is_boolean()) return wrong_type(value, target.kind);
            return std::move(value);
        case ShapeKind::kInteger:
        case ShapeKind::kLong:
            return to_integer(value, target.kind);
        case ShapeKind::kDouble:
            // Shown with its fraction in messages: "2.0".
            if (!value.is_number()) return wrong_type(value, target.kind);
            return json(value.get<double>());
        case ShapeKind::kTimestamp:
            if (!value.is_number()) return wrong_type(value, target.kind);
            return std::move(value);
    }
    return wrong_type(value, target.kind);
}

Result<json> text_to_shape(ShapeId id, std::string&& text) {
    ShapeKind const kind = shape(id).kind;
    auto const* const end = text.data() + text.size();
    switch (kind) {
        case ShapeKind::kBoolean:
            if (text == "true") return json(true);
            if (text == "false") return json(false);
            return wrong_type(json(std::move(text)), kind);
        case ShapeKind::kInteger:
        case ShapeKind::kLong: {
            std::int64_t number = 0;
            auto const [stop, fault] = std::from_chars(text.data(), end, number);
            if (text.empty() || fault != std::errc{} || stop != end)
                return wrong_type(json(std::move(text)), kind);
            return to_integer(json(number), kind);
        }
        case ShapeKind::kDouble: {
            double number = 0;
            auto const [stop, fault] = std::from_chars(text.data(), end, number);
            if (text.empty() || fault != std::errc{} || stop != end || !std::isfinite(number)) {
                return wrong_type(json(std::move(text)), kind);
            }
            return json(number);
        }
        case ShapeKind::kTimestamp: {
            auto const time = parse_iso8601(text);
            if (!time) return wrong_type(json(std::move(text)), kind);
            return json(static_cast<double>(time->time_since_epoch().count()) / 1e6);
        }
        default:
            return json(std::move(text));
    }
}

}  // namespace meridian::wire
