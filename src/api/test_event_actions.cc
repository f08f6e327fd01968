#include "api/test_event_actions.h"

#include "api/logs_action.h"
#include "api/meridian_json.h"
#include "wire/arn.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using control::TestEvent;
using nlohmann::json;

constexpr std::string_view kFolder = "/test-events";

struct Place {
    std::string function;
    std::string event;  // empty: all of them
};

std::optional<Place> place_of(std::string_view path) {
    if (!path.starts_with(kFunctionsPath)) return std::nullopt;
    path.remove_prefix(kFunctionsPath.size());
    auto const slash = path.find('/');
    if (slash == std::string_view::npos || slash == 0) return std::nullopt;
    auto rest = path.substr(slash);
    if (!rest.starts_with(kFolder)) return std::nullopt;
    rest.remove_prefix(kFolder.size());
    if (!rest.empty() && (rest.front() != '/' || rest.size() == 1)) return std::nullopt;
    if (!rest.empty()) rest.remove_prefix(1);
    return Place{wire::percent_decoded_text(path.substr(0, slash)),
                 wire::percent_decoded_text(rest)};
}

json to_json(TestEvent const& event) {
    json out = {{"Name", event.name}, {"Event", event.event}};
    if (event.answer) out["Answer"] = *event.answer;
    return out;
}

struct EventInput {
    TestEvent event;
    bool record = false;
};

Result<EventInput> read_event(std::string name, std::string const& body) {
    auto const input = json::parse(body, nullptr, false);
    if (!input.is_object() || !input.contains("Event"))
        return fail(Errc::kInvalidRequestContent, "The body is a JSON object with an Event.");
    for (auto const& [member, value] : input.items()) {
        if (member != "Event" && member != "Answer" && member != "Record")
            return fail(Errc::kInvalidParameterValue, member + " is not known here.");
        if (member == "Record" && !value.is_boolean())
            return fail(Errc::kSerialization, "Record has the wrong type.");
    }
    EventInput out{.event = {.name = std::move(name), .event = input["Event"]},
                   .record = input.value("Record", false)};
    if (input.contains("Answer")) out.event.answer = input["Answer"];
    if (out.record && out.event.answer)
        return fail(Errc::kInvalidParameterValue, "Answer and Record exclude each other.");
    return out;
}

io::Task<json> record(invoke::Invoker& invoker, TestEventCall const& call, std::string arn,
                      model::FunctionName function, json event) {
    MERIDIAN_CO_TRY(auto const result, co_await invoker.invoke({.account = call.caller.account,
                                                                .name = std::move(function),
                                                                .qualifier = {},
                                                                .request_id = call.request_id,
                                                                .invoked_arn = std::move(arn),
                                                                .payload = event.dump()}));
    if (result.function_error) {
        co_return fail(Errc::kInvalidParameterValue,
                       "The function failed, so there is no answer to keep: " + result.payload);
    }
    co_return json::parse(result.payload, nullptr, false);
}

}  // namespace

bool is_test_event_path(std::string_view path) { return place_of(path).has_value(); }

io::Task<HttpResponse> serve_test_events(control::ControlPlane& control, invoke::Invoker& invoker,
                                         Authorizer& authorizer, TestEventCall call) {
    auto const& caller = call.caller;
    auto const place = place_of(call.request.path());
    bool const one = place && !place->event.empty();
    auto const& method = call.request.method;
    std::string_view action;
    if (method == "GET") action = one ? "meridian:GetTestEvent" : "meridian:ListTestEvents";
    if (method == "PUT" && one) action = "meridian:PutTestEvent";
    if (method == "DELETE" && one) action = "meridian:DeleteTestEvent";
    if (!place || action.empty())
        co_return fail(Errc::kUnknownOperation, "There is no such operation.");
    MERIDIAN_CO_TRY(auto const reference, wire::parse_function_reference(place->function));
    auto const& function = reference.name;
    MERIDIAN_CO_CHECK(authorizer.authorize_function(caller, action, function, call.origin));
    control::Requester const who{.account = caller.account, .arn = caller.arn};
    auto& events = control.test_events();
    json answer = json::object();
    if (method == "PUT") {
        MERIDIAN_CO_TRY(auto input, read_event(place->event, call.request.body));
        if (input.record) {
            MERIDIAN_CO_CHECK(authorizer.authorize_function(caller, "lambda:InvokeFunction",
                                                            function, call.origin));
            auto arn = wire::function_arn(control.region(), caller.account, function);
            MERIDIAN_CO_TRY(input.event.answer, co_await record(invoker, call, std::move(arn),
                                                                function, input.event.event));
        }
        answer = to_json(input.event);
        MERIDIAN_CO_CHECK(co_await events.put(who, function, std::move(input.event)));
    } else if (method == "DELETE") {
        MERIDIAN_CO_CHECK(co_await events.remove(who, function, place->event));
    } else if (one) {
        MERIDIAN_CO_TRY(auto const event, co_await events.get(who, function, place->event));
        answer = to_json(event);
    } else {
        MERIDIAN_CO_TRY(auto const all, co_await events.list(who, function));
        answer["TestEvents"] = json::array();
        for (auto const& event : all) answer["TestEvents"].push_back(to_json(event));
    }
    co_return json_answer(answer);
}

}  // namespace meridian::api
