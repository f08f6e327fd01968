// Smithy's protocol tests for restJson1, run by the same interpreter that serves Lambda: what a
// request means, what an answer looks like, and what is refused. The tables are of the test service
// (tests/vectors/smithy/wire).
//
// A case that fails must be named in not_applicable.json with a reason; one that is named there and
// passes fails.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "wire/errors.h"
#include "wire/rest_json.h"
#include "wire/service_rules.h"

namespace meridian::wire {

// The test service has no rules beyond its model.
Result<void> check_service_rules(Operation const& /*operation*/, nlohmann::json const& /*input*/) {
    return {};
}

namespace {

using nlohmann::json;

json read_json(char const* path) {
    std::ifstream in(path);
    return json::parse(in);
}

// Smithy writes blobs as they are; here they are base64.
json as_ours(ShapeId id, json value) {
    if (id == 0 || value.is_null()) return value;
    Shape const& target = shape(id);
    switch (target.kind) {
        case ShapeKind::kBlob:
            return to_base64(value.get<std::string>());
        case ShapeKind::kList:
            for (auto& element : value) element = as_ours(target.element, std::move(element));
            return value;
        case ShapeKind::kMap:
            for (auto& [key, element] : value.items())
                element = as_ours(target.element, std::move(element));
            return value;
        case ShapeKind::kStructure:
            for (auto const& member : members(target)) {
                if (value.is_object() && value.contains(member.name)) {
                    auto& slot = value[std::string(member.name)];
                    // A raw payload stays the body.
                    if (member.location == Location::kPayload) {
                        value.erase(std::string(member.name));
                    } else {
                        slot = as_ours(member.shape, std::move(slot));
                    }
                }
            }
            return value;
        default:
            return value;
    }
}

// Equal as values: 1 and 1.0 are.
bool same(json const& a, json const& b) {
    if (a.is_number() && b.is_number()) {
        return std::abs(a.get<double>() - b.get<double>()) <=
               1e-6 * std::max(1.0, std::abs(a.get<double>()));
    }
    if (a.type() != b.type() || a.size() != b.size()) return a == b;
    if (a.is_array()) return std::ranges::equal(a, b, same);
    if (a.is_object()) {
        return std::ranges::all_of(a.items(), [&](auto const& item) {
            return b.contains(item.key()) && same(item.value(), b[item.key()]);
        });
    }
    return a == b;
}

HttpRequest request_of(json const& part) {
    HttpRequest request{.method = part.at("method"), .target = part.at("uri")};
    for (auto const& pair : part.value("queryParams", json::array())) {
        request.target +=
            (request.target.find('?') == std::string::npos ? '?' : '&') + pair.get<std::string>();
    }
    for (auto const& [name, value] : part.value("headers", json::object()).items())
        request.headers.add(name, value.get<std::string>());
    request.body = part.value("body", "");
    return request;
}

Result<json> decoded(HttpRequest const& request, std::string const& operation) {
    MERIDIAN_TRY(auto const route, find_route(request.method, request.path(), request.query()));
    if (route.operation->name != operation)
        return fail(Errc::kInternal, fmt::format("is taken for {}", route.operation->name));
    return decode_input(route, request);
}

Operation const* find_operation(std::string const& name) {
    for (auto const& each : operations()) {
        if (each.name == name) return &each;
    }
    return nullptr;
}

// What is wrong; empty: nothing.
std::string run_request(json const& test) {
    auto const* const called = find_operation(test["operation"]);
    if (called == nullptr) return "is no operation of ours";
    auto const input = decoded(request_of(test), test["operation"]);
    if (!input) return input.error().message;
    auto const expected = as_ours(called->input, test.value("params", json::object()));
    return same(*input, expected) ? "" : fmt::format("{}, not {}", input->dump(), expected.dump());
}

std::string run_response(json const& test) {
    auto const* const called = find_operation(test["operation"]);
    if (called == nullptr) return "is no operation of ours";
    auto const answer =
        encode_output(*called, as_ours(called->output, test.value("params", json::object())));
    if (answer.status != test["code"]) return fmt::format("status {}", answer.status);
    for (auto const& [name, value] : test.value("headers", json::object()).items()) {
        if (answer.headers.get(name) != value.get<std::string>())
            return fmt::format("{}: {}", name, answer.headers.get(name));
    }
    for (auto const& name : test.value("forbidHeaders", json::array())) {
        if (answer.headers.contains(name.get<std::string>()))
            return fmt::format("has {}", name.dump());
    }
    if (!test.contains("body")) return "";
    auto const body = test["body"].get<std::string>();
    if (test.value("bodyMediaType", "") != "application/json" || body.empty())
        return answer.body == body ? "" : fmt::format("body {}", answer.body);
    auto const shown = json::parse(answer.body, nullptr, false);
    return same(shown, json::parse(body)) ? "" : fmt::format("body {}", answer.body);
}

std::string run_malformed(json const& test) {
    auto const input = decoded(request_of(test["request"]), test["operation"]);
    if (input) return fmt::format("is taken as {}", input->dump());
    auto const answer = encode_error(Service::kLambda, input.error(), model::RequestId("r"));
    auto const& expected = test["response"];
    auto const type = expected.at("headers").value("x-amzn-errortype", "");
    if (answer.status != expected["code"] || answer.headers.get("x-amzn-ErrorType") != type)
        return fmt::format("{} {}", answer.status, answer.headers.get("x-amzn-ErrorType"));
    return "";
}

std::string run(json const& test) {
    auto const kind = test["kind"].get<std::string>();
    if (test.value("appliesTo", "server") != "server") return "is for clients";
    if (kind == "request") return run_request(test);
    if (kind == "response") return run_response(test);
    if (kind == "malformed") return run_malformed(test);
    return "is an error with members of its own";
}

TEST(Protocol, RestJson1) {
    auto const cases = read_json("tests/vectors/smithy/cases.json")["cases"];
    auto const excused = read_json("tests/protocol/not_applicable.json");
    std::set<std::string> known;
    std::size_t passed = 0;
    for (auto const& test : cases) {
        auto const name =
            fmt::format("{} {}", test["kind"].get<std::string>(), test["id"].get<std::string>());
        known.insert(name);
        auto const wrong = run(test);
        if (wrong.empty()) ++passed;
        EXPECT_EQ(!wrong.empty(), excused.contains(name))
            << name << ": " << wrong << "; beyond Lambda's model: " << test["beyond"].dump();
    }
    for (auto const& [name, reason] : excused.items())
        EXPECT_TRUE(known.contains(name)) << name << " is no case";
    RecordProperty("passed", static_cast<int>(passed));
    EXPECT_GT(passed, cases.size() / 3);
}

}  // namespace
}  // namespace meridian::wire
