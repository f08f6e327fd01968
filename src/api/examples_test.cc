// The documented examples of the API (tests/vectors/examples, from botocore): each request is read
// as it is meant, and each answer can be written so that a client reads the same.

#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "api/model_shaped.h"
#include "wire/query_xml.h"
#include "wire/rest_json.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using wire::Service;

struct Example {
    Service service;
    std::string id;
    wire::Operation const* operation;
    json input;
    json output;
};

wire::Operation const* find_operation(Service service, std::string_view name) {
    for (auto const& operation : wire::operations()) {
        if (operation.service == service && operation.name == name) return &operation;
    }
    return nullptr;
}

std::vector<Example> examples(Service service, char const* name) {
    std::ifstream file(std::string(MERIDIAN_SOURCE_DIR) + "/tests/vectors/examples/" + name);
    auto const text = json::parse(file);
    std::vector<Example> out;
    for (auto const& each : text.at("examples")) {
        auto const* const operation =
            find_operation(service, each.at("operation").get<std::string>());
        EXPECT_NE(operation, nullptr) << each.at("operation");
        if (operation == nullptr) continue;
        out.push_back(
            {service,
             each.at("operation").get<std::string>() + " " + each.at("id").get<std::string>(),
             operation, each.at("input"), each.at("output")});
    }
    return out;
}

std::vector<Example> all_examples() {
    auto out = examples(Service::kLambda, "lambda.json");
    for (auto const& [service, name] :
         {std::pair(Service::kIam, "iam.json"), std::pair(Service::kSts, "sts.json")}) {
        auto more = examples(service, name);
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

Result<json> decode(Example const& example) {
    auto const request = request_of(*example.operation, example.input);
    if (example.service == Service::kLambda) {
        MERIDIAN_TRY(auto const route,
                     wire::find_route(request.method, request.path(), request.query()));
        EXPECT_EQ(route.operation, example.operation) << example.id;
        return wire::decode_input(route, request);
    }
    MERIDIAN_TRY(auto call, wire::decode_query(example.service, request));
    return std::move(call.input);
}

// Every text of the answer stands in the document.
void expect_texts(json const& value, std::string const& document, std::string const& id) {
    if (value.is_structured()) {
        for (auto const& item : value) expect_texts(item, document, id);
    } else if (value.is_string() && value.get_ref<std::string const&>().find_first_of(
                                        "<>&\"'\r\n\t") == std::string::npos) {
        EXPECT_NE(document.find(">" + value.get<std::string>() + "<"), std::string::npos)
            << id << ": " << value;
    }
}

TEST(DocumentedExamples, RequestsAreReadAsTheyAreMeant) {
    auto const all = all_examples();
    EXPECT_GT(all.size(), 100u);
    for (auto const& example : all) {
        // Its UUID is shorter than the model allows.
        if (example.operation->id == wire::OperationId::kLambdaUpdateEventSourceMapping) continue;
        auto const read = decode(example);
        EXPECT_TRUE(read) << example.id << ": " << (read ? "" : read.error().message);
        if (!read) continue;
        // The payload of Invoke stays in the body.
        auto wanted = example.input;
        for (auto const* raw : {"Payload", "InvokeArgs"}) wanted.erase(raw);
        EXPECT_EQ(*read, wanted) << example.id;
    }
}

TEST(DocumentedExamples, AnswersAreWrittenAsAClientReadsThem) {
    for (auto const& example : all_examples()) {
        if (example.output.empty()) continue;
        if (example.service != Service::kLambda) {
            auto const response = wire::encode_query_output(*example.operation, example.output,
                                                            model::RequestId("r"));
            expect_texts(example.output, response.body, example.id);
            continue;
        }
        auto const response = wire::encode_output(*example.operation, example.output);
        auto body = response.body.empty() ? json::object() : json::parse(response.body);
        for (auto const& [member, value] : example.output.items()) {
            auto const found = body.find(member);
            bool const in_body = found != body.end();
            bool const elsewhere = member == "StatusCode" || member == "Status" ||
                                   member == "Payload" || member == "FunctionError";
            EXPECT_TRUE(in_body || elsewhere) << example.id << ": " << member;
            if (in_body) EXPECT_EQ(*found, value) << example.id;
        }
    }
}

}  // namespace
}  // namespace meridian::api
