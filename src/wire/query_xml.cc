#include "wire/query_xml.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "wire/event_time.h"
#include "wire/json_input.h"
#include "wire/pattern.h"
#include "wire/uri.h"
#include "wire/utf8.h"
#include "wire/validation.h"
#include "wire/xml.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

// As many as the largest list of the model needs, many times over; ours.
constexpr std::size_t kParametersMax = 10'000;

// Parameters sorted by name, so that everything under "Tags.member.1." stands together.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Range {
    Parameters::const_iterator begin, end;
    [[nodiscard]] bool empty() const { return begin == end; }
};

Range with_prefix(Range range, std::string const& prefix) {
    auto const begin =
        std::lower_bound(range.begin, range.end, prefix,
                         [](auto const& parameter, auto const& p) { return parameter.first < p; });
    auto end = begin;
    while (end != range.end && end->first.starts_with(prefix)) ++end;
    return {begin, end};
}

Result<json> read_value(ShapeId id, std::string const& name, Range range);

Result<json> read_structure(Shape const& structure, std::string const& prefix, Range range) {
    json out = json::object();
    for (auto const& member : members(structure)) {
        std::string const name = prefix + std::string(member.wire_name);
        auto const under = with_prefix(range, name);
        if (under.empty()) continue;
        MERIDIAN_TRY(auto value, read_value(member.shape, name, under));
        if (!value.is_null()) out[member.name] = std::move(value);
    }
    return out;
}

// The number after "Tags.member." of one parameter; nothing if there is none.
std::optional<std::size_t> element_number(std::string_view name, std::size_t prefix_size) {
    std::size_t number = 0;
    std::size_t at = prefix_size;
    for (; at < name.size() && name[at] != '.'; ++at) {
        if (name[at] < '0' || name[at] > '9' || number > 1'000'000) return std::nullopt;
        number = number * 10 + static_cast<std::size_t>(name[at] - '0');
    }
    if (at == prefix_size) return std::nullopt;
    return number;
}

// Elements are taken in the order of their numbers; gaps do not matter.
Result<json> read_list(Shape const& list, std::string const& name, Range range) {
    std::string const prefix = name + "." + std::string(list.list_member_name) + ".";
    auto const under = with_prefix(range, prefix);
    if (under.empty()) {
        // "Tags=" is the empty list.
        bool const given = range.begin->first == name;
        return given ? json(json::array()) : json();
    }
    std::vector<std::size_t> numbers;
    for (auto at = under.begin; at != under.end; ++at) {
        auto const number = element_number(at->first, prefix.size());
        if (!number)
            return fail(Errc::kValidation,
                        "Malformed parameter " + to_valid_utf8(utf8_prefix(at->first, 256)));
        if (numbers.empty() || numbers.back() != *number) numbers.push_back(*number);
    }
    std::ranges::sort(numbers);
    auto const repeated = std::ranges::unique(numbers);
    numbers.erase(repeated.begin(), repeated.end());
    json out = json::array();
    for (auto const number : numbers) {
        std::string const element = prefix + std::to_string(number);
        MERIDIAN_TRY(auto value, read_value(list.element, element, with_prefix(under, element)));
        if (!value.is_null()) out.push_back(std::move(value));
    }
    return out;
}

Result<json> read_map(Shape const& map, std::string const& name, Range range) {
    json out = json::object();
    for (std::size_t number = 1;; ++number) {
        std::string const entry = fmt::format("{}.entry.{}.", name, number);
        auto const under = with_prefix(range, entry);
        if (under.empty()) return out;
        MERIDIAN_TRY(auto key,
                     read_value(map.key, entry + "key", with_prefix(under, entry + "key")));
        MERIDIAN_TRY(auto value,
                     read_value(map.element, entry + "value", with_prefix(under, entry + "value")));
        if (!key.is_string()) return fail(Errc::kValidation, "Malformed parameter " + entry);
        out[key.get_ref<std::string const&>()] = std::move(value);
    }
}

// `range` holds what begins with `name`. Null where nothing of it is this value.
Result<json> read_value(ShapeId id, std::string const& name, Range range) {
    if (range.empty()) return json();
    Shape const& target = shape(id);
    switch (target.kind) {
        case ShapeKind::kStructure: {
            auto const under = with_prefix(range, name + ".");
            if (under.empty()) return json();
            return read_structure(target, name + ".", under);
        }
        case ShapeKind::kList:
            return read_list(target, name, range);
        case ShapeKind::kMap:
            return read_map(target, name, range);
        default: {
            if (range.begin->first != name) return json();
            auto value = text_to_shape(id, std::string(range.begin->second));
            if (!value) return fail(Errc::kSerialization, value.error().message);
            return value;
        }
    }
}

// IAM's own words for a name or path that breaks its pattern; the rest is the common form.
std::optional<std::string> iam_wording(Service service, Shape const& input_shape,
                                       json const& input) {
    if (service != Service::kIam) return std::nullopt;
    struct {
        std::string_view pattern, text;
    } constexpr kWordings[] = {
        {"[\\w+=,.@-]+",
         "It must contain only alphanumeric characters and/or the following: +=,.@_-"},
        {"(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)",
         "It must begin and end with / and contain only alphanumeric characters and/or / "
         "characters."},
    };
    for (auto const& member : members(input_shape)) {
        Shape const& target = shape(member.shape);
        auto const value = input.find(member.name);
        if (target.pattern == 0 || value == input.end() || !value->is_string()) continue;
        auto const& text = value->get_ref<std::string const&>();
        if (text.empty() || matches_pattern(target.pattern, text)) continue;
        for (auto const& wording : kWordings) {
            if (pattern_text(target.pattern) != wording.pattern) continue;
            std::string name(member.name);
            if (name[0] >= 'A' && name[0] <= 'Z') name[0] = static_cast<char>(name[0] - 'A' + 'a');
            return fmt::format("The specified value for {} is invalid. {}", name, wording.text);
        }
    }
    return std::nullopt;
}

// A query service reads the query string and the form as one. Of a parameter given twice the first
// counts.
Result<Parameters> read_parameters(HttpRequest const& request) {
    std::map<std::string, std::string> sorted;
    for (std::string_view const encoded : {request.query(), std::string_view(request.body)}) {
        for (auto const& [name, value] : split_query(encoded)) {
            if (sorted.size() == kParametersMax) {
                return fail(Errc::kValidation, "The request has too many parameters.");
            }
            sorted.try_emplace(percent_decoded_text(name, Plus::kIsSpace),
                               percent_decoded_text(value, Plus::kIsSpace));
        }
    }
    return Parameters(sorted.begin(), sorted.end());
}

std::string_view find_parameter(Parameters const& parameters, std::string const& name) {
    auto const found = with_prefix({parameters.begin(), parameters.end()}, name);
    return !found.empty() && found.begin->first == name ? std::string_view(found.begin->second)
                                                        : std::string_view{};
}

void write_value(XmlWriter& xml, std::string_view element, ShapeId id, json const& value);

void write_members(XmlWriter& xml, Shape const& structure, json const& value) {
    for (auto const& member : members(structure)) {
        auto const found = value.find(member.name);
        if (found != value.end() && !found->is_null())
            write_value(xml, member.wire_name, member.shape, *found);
    }
}

std::string leaf_text(Shape const& shape_of, json const& value) {
    if (value.is_string()) return value.get<std::string>();
    if (shape_of.kind == ShapeKind::kTimestamp && value.is_number()) {
        return format_iso8601(
            WallTime{std::chrono::microseconds{std::llround(value.get<double>() * 1e6)}});
    }
    return value.dump();
}

void write_value(XmlWriter& xml, std::string_view element, ShapeId id, json const& value) {
    Shape const& target = shape(id);
    if (target.kind == ShapeKind::kStructure && value.is_object()) {
        xml.open(element);
        write_members(xml, target, value);
        xml.close(element);
    } else if (target.kind == ShapeKind::kList && value.is_array()) {
        xml.open(element);
        for (auto const& item : value)
            write_value(xml, target.list_member_name, target.element, item);
        xml.close(element);
    } else if (target.kind == ShapeKind::kMap && value.is_object()) {
        xml.open(element);
        for (auto const& [key, item] : value.items()) {
            xml.open("entry");
            xml.leaf("key", key);
            write_value(xml, "value", target.element, item);
            xml.close("entry");
        }
        xml.close(element);
    } else {
        xml.leaf(element, leaf_text(target, value));
    }
}

}  // namespace

Result<QueryCall> decode_query(Service service, HttpRequest const& request) {
    MERIDIAN_TRY(auto const parameters, read_parameters(request));
    auto const action = find_parameter(parameters, "Action");
    auto const version = find_parameter(parameters, "Version");
    QueryCall call;
    if (action.empty()) {
        return fail(Errc::kUnknownOperation,
                    "The action or operation requested is invalid: no Action is given.");
    }
    if (version.empty() || version == api_version(service))
        call.operation = find_action(service, action);
    if (call.operation == nullptr) {
        return fail(
            Errc::kUnknownOperation,
            fmt::format("Could not find operation {} for version {}", utf8_prefix(action, 128),
                        version.empty() ? "NO_VERSION_SPECIFIED" : utf8_prefix(version, 32)));
    }
    call.input = json::object();
    if (call.operation->input == 0) return call;
    Shape const& input_shape = shape(call.operation->input);
    MERIDIAN_TRY(call.input,
                 read_structure(input_shape, "", {parameters.begin(), parameters.end()}));
    auto const valid =
        validate(call.operation->input, call.input,
                 service == Service::kIam ? GivenValues::kWithheld : GivenValues::kShown);
    if (valid) return call;
    auto const wording = iam_wording(service, input_shape, call.input);
    return fail(Errc::kValidation, wording.value_or(valid.error().message));
}

HttpResponse encode_query_output(Operation const& called, json const& output,
                                 model::RequestId const& request_id) {
    HttpResponse response;
    response.headers.add("Content-Type", "text/xml");
    response.headers.add("x-amzn-RequestId", request_id.value());
    std::string const root = std::string(called.name) + "Response";
    XmlWriter xml(response.body);
    xml.open(root, xml_namespace(called.service));
    if (called.output != 0) {
        xml.open(called.result_wrapper);
        write_members(xml, shape(called.output), output.is_object() ? output : json::object());
        xml.close(called.result_wrapper);
    }
    xml.open("ResponseMetadata");
    xml.leaf("RequestId", request_id.value());
    xml.close("ResponseMetadata");
    xml.close(root);
    return response;
}

}  // namespace meridian::wire
