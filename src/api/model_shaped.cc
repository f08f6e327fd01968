#include "api/model_shaped.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "base/encoding.h"
#include "wire/uri.h"

namespace meridian::api {

namespace {

using nlohmann::json;
using wire::Location;
using wire::Shape;
using wire::ShapeKind;

constexpr int kDepthMax = 6;

constexpr char const* kAllow =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:*","Resource":"*"}})";
constexpr char const* kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";

// What makes sense for a member of that name.
std::vector<json> const* pool_of(std::string_view member) {
    static std::map<std::string, std::vector<json>, std::less<>> const kPools = {
        {"FunctionName",
         {"f", "g", "f:1", "f:live", "arn:aws:lambda:us-east-1:123456789012:function:f",
          "arn:aws:lambda:us-east-1:123456789012:function:f:1", "123456789012:function:g",
          "arn:aws:lambda:sa-east-1:123456789012:function:f",
          "arn:aws:lambda:us-east-1:210987654321:function:f", "no/such"}},
        {"Qualifier", {"1", "2", "live", "next", "$LATEST", "none"}},
        {"Name", {"live", "next", "1"}},
        {"FunctionVersion", {"1", "2", "$LATEST", "ALL"}},
        {"Role",
         {"arn:aws:iam::123456789012:role/role", "arn:aws:iam::123456789012:role/r",
          "arn:aws:iam::210987654321:role/role"}},
        {"Runtime", {"nodejs22.x", "python3.11", "provided.al2023"}},
        {"Handler", {"index.handler"}},
        {"ZipFile", {to_base64("PK1"), to_base64("PK2"), to_base64("no zip"), ""}},
        {"Code", {{{"ZipFile", to_base64("PK1")}}, {{"ZipFile", to_base64("PK2")}}}},
        {"Environment", {{{"Variables", {{"A", "1"}, {"B", "ü"}}}}, json::object()}},
        {"Description", {"", "words & <more>", std::string(256, 'd'), std::string(257, 'd')}},
        {"Tags", {json::object(), json::array(), {{"k", "v"}}}},
        {"RoutingConfig", {json::object(), {{"AdditionalVersionWeights", {{"1", 0.5}}}}}},
        {"MaximumRetryAttempts", {0, 2, 3, -1}},
        {"MaximumEventAgeInSeconds", {60, 21'600, 59}},
        {"AuthType", {"NONE", "AWS_IAM"}},
        {"TagKeys", {json::array({"k"})}},
        {"PackageType", {"Zip"}},
        {"RevisionId", {"", "9f6e1a52-0000-4000-8000-000000000000"}},
        {"MemorySize", {128, 512, 127, 10'240, 10'241}},
        {"Timeout", {1, 900, 901, 0}},
        {"Action", {"lambda:InvokeFunction", "lambda:*", "lambda:GetFunction"}},
        {"Principal",
         {"s3.amazonaws.com", "123456789012", "210987654321", "*",
          "arn:aws:iam::123456789012:role/role"}},
        {"StatementId", {"s1", "s2"}},
        {"Resource",
         {"arn:aws:lambda:us-east-1:123456789012:function:f",
          "arn:aws:lambda:us-east-1:123456789012:function:g"}},
        {"EventSourceArn",
         {"arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:kinesis:us-east-1:123456789012:stream/s",
          "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2020-01-01T00:00:00.000"}},
        {"StartingPosition", {"LATEST", "TRIM_HORIZON"}},
        {"ReservedConcurrentExecutions", {0, 5, 900, 1'000}},
        {"ProvisionedConcurrentExecutions", {1, 5, 900}},
        {"UserName", {"ann", "Bob"}},
        {"NewUserName", {"ann", "carl"}},
        {"GroupName", {"team", "ops"}},
        {"RoleName", {"role", "r"}},
        {"PolicyName", {"p", "q"}},
        {"PolicyArn",
         {"arn:aws:iam::123456789012:policy/p", "arn:aws:iam::aws:policy/AdministratorAccess",
          "arn:aws:iam::123456789012:policy/none/q"}},
        {"VersionId", {"v1", "v2", "v99"}},
        {"PolicyDocument", {kAllow, "{}", kTrust}},
        {"AssumeRolePolicyDocument", {kTrust, kAllow, "{"}},
        {"Policy", {kAllow}},
        {"Path", {"/", "/team/", "team"}},
        {"PathPrefix", {"/", "/team/"}},
        {"RoleArn", {"arn:aws:iam::123456789012:role/role"}},
        {"RoleSessionName", {"session"}},
        {"LayerName", {"l", "m"}},
        {"Layers",
         {json::array(), json::array({"arn:aws:lambda:us-east-1:123456789012:layer:l:1"})}},
    };
    auto const found = kPools.find(member);
    return found == kPools.end() ? nullptr : &found->second;
}

json any_text(Shape const& shape, Choices& choices) {
    auto const values = wire::enum_values(shape);
    if (!values.empty() && !choices.one_in(8)) return values[choices.below(values.size())];
    static std::vector<json> const kTexts = {"a",
                                             "1",
                                             "",
                                             "x y",
                                             "\"",
                                             "\\",
                                             "ü𝄞",
                                             "{}",
                                             "arn:aws:iam::123456789012:role/role",
                                             "a/b?c=d&e",
                                             "%2F",
                                             "..",
                                             "us-east-1",
                                             std::string(300, 'z'),
                                             std::string("\0", 1),
                                             "<&>"};
    return kTexts[choices.below(kTexts.size())];
}

json any_number(Shape const& shape, Choices& choices) {
    switch (choices.below(7)) {
        case 0:
            return shape.has_min ? static_cast<std::int64_t>(shape.min) : 1;
        case 1:
            return shape.has_max ? static_cast<std::int64_t>(shape.max) : 100;
        case 2:
            return shape.has_min ? static_cast<std::int64_t>(shape.min) - 1 : -1;
        case 3:
            return shape.has_max ? static_cast<std::int64_t>(std::min(shape.max, 9e15)) + 1 : 0;
        case 4:
            return std::numeric_limits<std::int32_t>::max();
        default:
            return static_cast<std::int64_t>(choices.below(200));
    }
}

json any_value(wire::ShapeId id, Choices& choices, int depth);

json any_structure(Shape const& shape, Choices& choices, int depth) {
    auto value = json::object();
    for (auto const& member : wire::members(shape)) {
        bool const wanted = member.required ? !choices.one_in(24) : choices.one_in(8);
        if (!wanted) continue;
        auto const* const pool = pool_of(member.name);
        if (choices.one_in(100)) {
            static std::vector<json> const kWrong = {
                nullptr, 7, "text", true, json::array(), json::object(), 1.5};
            value[member.name] = kWrong[choices.below(kWrong.size())];
        } else if (pool != nullptr && !choices.one_in(32)) {
            value[member.name] = (*pool)[choices.below(pool->size())];
        } else {
            value[member.name] = any_value(member.shape, choices, depth + 1);
        }
    }
    return value;
}

json any_value(wire::ShapeId id, Choices& choices, int depth) {
    auto const& shape = wire::shape(id);
    if (depth > kDepthMax) return nullptr;
    switch (shape.kind) {
        case ShapeKind::kStructure:
            return any_structure(shape, choices, depth);
        case ShapeKind::kList: {
            auto list = json::array();
            for (auto n = choices.below(4); n > 0; --n)
                list.push_back(any_value(shape.element, choices, depth + 1));
            return list;
        }
        case ShapeKind::kMap: {
            auto map = json::object();
            for (auto n = choices.below(4); n > 0; --n) {
                map[any_text(wire::shape(shape.key), choices).get<std::string>()] =
                    any_value(shape.element, choices, depth + 1);
            }
            return map;
        }
        case ShapeKind::kString:
            return any_text(shape, choices);
        case ShapeKind::kBlob:
            return to_base64(any_text(shape, choices).get<std::string>());
        case ShapeKind::kBoolean:
            return choices.below(2) == 1;
        case ShapeKind::kDouble:
            return static_cast<double>(choices.below(100)) / 50;
        case ShapeKind::kInteger:
        case ShapeKind::kLong:
        case ShapeKind::kTimestamp:
            return any_number(shape, choices);
    }
    return nullptr;
}

std::string text_form(json const& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Adds `name=value` for a value of any depth, as the query protocol flattens it.
void flatten(std::string& form, std::string const& name, json const& value) {
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            flatten(form, name + ".member." + std::to_string(i + 1), value[i]);
    } else if (value.is_object()) {
        for (auto const& [member, content] : value.items())
            flatten(form, name + "." + member, content);
    } else if (!value.is_null()) {
        form += "&" + wire::percent_encoded(name) + "=" + wire::percent_encoded(text_form(value));
    }
}

HttpRequest query_request(wire::Operation const& operation, json const& input) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body = "Action=" + std::string(operation.name) +
                   "&Version=" + std::string(wire::api_version(operation.service));
    for (auto const& [name, value] : input.items()) flatten(request.body, name, value);
    return request;
}

}  // namespace

std::size_t Choices::below(std::size_t options) {
    if (bytes_.empty()) return 0;
    auto const byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte % options;
}

json model_shaped_input(wire::Operation const& operation, Choices& choices) {
    if (operation.input == 0) return json::object();
    return any_structure(wire::shape(operation.input), choices, 0);
}

HttpRequest request_of(wire::Operation const& operation, json const& input) {
    if (operation.service != wire::Service::kLambda) return query_request(operation, input);
    HttpRequest request;
    request.method = operation.method;
    std::string target(operation.path);
    std::string query(operation.query);
    auto body = json::object();
    auto const members = operation.input == 0 ? std::span<wire::Member const>{}
                                              : wire::members(wire::shape(operation.input));
    for (auto const& member : members) {
        auto const found = input.find(member.name);
        bool const given = found != input.end();
        auto const add_query = [&](json const& value) {
            if (!query.empty()) query += '&';
            query += wire::percent_encoded(member.wire_name) + "=" +
                     wire::percent_encoded(text_form(value));
        };
        switch (member.location) {
            case Location::kPath: {
                auto const label = "{" + std::string(member.wire_name) + "}";
                auto const at = target.find(label);
                if (at != std::string::npos) {
                    target.replace(at, label.size(),
                                   wire::percent_encoded(given ? text_form(*found) : "x"));
                }
                break;
            }
            case Location::kQuery:
                if (given && found->is_array()) {
                    for (auto const& item : *found) add_query(item);
                } else if (given) {
                    add_query(*found);
                }
                break;
            case Location::kHeader:
                if (given) request.headers.add(std::string(member.wire_name), text_form(*found));
                break;
            case Location::kBody:
                if (given) body[member.name] = *found;
                break;
            default:
                break;
        }
    }
    request.target = target + (query.empty() ? "" : "?" + query);
    if (!body.empty()) request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return request;
}

}  // namespace meridian::api
