#include "wire/rest_json.h"

#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "wire/json_grammar.h"
#include "wire/json_input.h"
#include "wire/json_values.h"
#include "wire/service_rules.h"
#include "wire/uri.h"
#include "wire/utf8.h"
#include "wire/validation.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

Result<json> decode_body(HttpRequest const& request, ShapeId input) {
    if (request.body.empty()) return json::object();
    auto value = parse_json(request.body);
    if (!value)
        return fail(Errc::kSerialization, payload_fault_message(request.body, value.error()));
    if (value->is_discarded())
        return fail(Errc::kSerialization, "Could not parse request body into json");
    return to_shape(input, std::move(*value));
}

Result<void> decode_query_member(Member const& member, std::vector<EncodedPair> const& query,
                                 json& input) {
    Shape const& target = shape(member.shape);
    for (auto const& [name, value] : query) {
        if (percent_decoded(name) != member.wire_name) continue;
        if (target.kind == ShapeKind::kList) {
            MERIDIAN_TRY(auto element, text_to_shape(target.element,
                                                     percent_decoded_text(value, Plus::kIsSpace)));
            input[member.name].push_back(std::move(element));
            continue;
        }
        MERIDIAN_TRY(input[member.name],
                     text_to_shape(member.shape, percent_decoded_text(value, Plus::kIsSpace)));
        return {};
    }
    return {};
}

// Whatever does not travel in the body.
Result<void> decode_bound_member(Member const& member, RouteMatch const& route,
                                 HttpRequest const& request, std::vector<EncodedPair> const& query,
                                 json& input) {
    if (member.location == Location::kQuery) return decode_query_member(member, query, input);
    if (member.location == Location::kHeader && request.headers.contains(member.wire_name)) {
        MERIDIAN_TRY(
            input[member.name],
            text_to_shape(member.shape, to_valid_utf8(request.headers.get(member.wire_name))));
    }
    if (member.location == Location::kPath) {
        for (auto const& label : std::span(route.labels).first(route.label_count)) {
            if (label.name != member.wire_name) continue;
            MERIDIAN_TRY(input[member.name],
                         text_to_shape(member.shape, percent_decoded_text(label.encoded)));
        }
    }
    return {};
}

std::string header_text(json const& value) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    // A header is one line, whatever its value was made from.
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return text;
}

}  // namespace

Result<json> decode_input(RouteMatch const& route, HttpRequest const& request) {
    Operation const& called = *route.operation;
    if (called.input == 0) return json::object();
    Shape const& input_shape = shape(called.input);
    bool has_body_members = false;
    bool has_payload = false;
    for (auto const& member : members(input_shape)) {
        has_body_members = has_body_members || member.location == Location::kBody;
        has_payload = has_payload || member.location == Location::kPayload;
    }
    json input = json::object();
    if (has_body_members && !has_payload) {
        MERIDIAN_TRY(input, decode_body(request, called.input));
    }
    auto const query = split_query(request.query());
    for (auto const& member : members(input_shape)) {
        MERIDIAN_CHECK(decode_bound_member(member, route, request, query, input));
    }
    MERIDIAN_CHECK(validate(called.input, input));
    MERIDIAN_CHECK(check_service_rules(called, input));
    return input;
}

HttpResponse body_output(Operation const& called, std::string body) {
    HttpResponse response;
    response.status = called.success_status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

HttpResponse encode_output(Operation const& called, json output) {
    auto response = body_output(called, {});
    if (called.output == 0) return response;
    bool has_payload = false;
    for (auto const& member : members(shape(called.output))) {
        has_payload = has_payload || member.location == Location::kPayload;
        if (member.location != Location::kHeader && member.location != Location::kStatus) continue;
        auto const found = output.is_object() ? output.find(member.name) : output.end();
        if (found == output.end()) continue;
        if (member.location == Location::kStatus && found->is_number_integer()) {
            response.status = found->get<int>();
        } else if (member.location == Location::kHeader && !found->is_null()) {
            response.headers.set(member.wire_name, header_text(*found));
        }
        output.erase(found);
    }
    // An output whose members all travel elsewhere is still an object.
    if (!has_payload && response.status != 204) {
        if (output.is_null()) output = json::object();
        response.body = output.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    return response;
}

}  // namespace meridian::wire
