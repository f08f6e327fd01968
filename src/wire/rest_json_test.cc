#include "wire/rest_json.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

HttpRequest request_of(std::string method, std::string target, std::string body = {}) {
    return {std::move(method), std::move(target), {}, std::move(body), {}};
}

Result<json> decode(HttpRequest const& request) {
    MERIDIAN_TRY(auto const route, find_route(request.method, request.path(), request.query()));
    return decode_input(route, request);
}

json const kCreate = json::parse(R"({"FunctionName":"f","Role":"arn:aws:iam::123456789012:role/r",
    "Runtime":"nodejs22.x","Handler":"index.handler","Code":{"ZipFile":"UEs="}})");

Result<json> create_with(char const* patch) {
    json body = kCreate;
    body.merge_patch(json::parse(patch));
    return decode(request_of("POST", "/2015-03-31/functions", body.dump()));
}

TEST(RestJson, GathersPathQueryHeadersAndBody) {
    auto invoke = request_of(
        "POST",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/"
        "invocations?Qualifier=%24LATEST&Unknown=1",
        "this payload is not looked at");
    invoke.headers.add("x-amz-invocation-type", "DryRun");
    invoke.headers.add("X-Amz-Log-Type", "Tail");
    EXPECT_EQ(decode(invoke),
              json::parse(R"({"FunctionName":"arn:aws:lambda:us-east-1:123456789012:function:f",
        "InvocationType":"DryRun","LogType":"Tail","Qualifier":"$LATEST"})"));

    EXPECT_EQ(decode(request_of(
                  "PUT", "/2015-03-31/functions/f/code",
                  R"({"ZipFile":"UEs=","Publish":true,"FunctionName":"other","Nonsense":{"a":[]},
                                    "RevisionId":null})")),
              json::parse(R"({"FunctionName":"f","ZipFile":"UEs=","Publish":true})"));
    EXPECT_EQ(decode(request_of("GET", "/2015-03-31/functions/?MaxItems=10&Marker=a%2Bb+c")),
              json::parse(R"({"MaxItems":10,"Marker":"a+b c"})"));
    EXPECT_EQ(
        decode(request_of(
            "DELETE",
            "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af"
            "?tagKeys=a&tagKeys=b%20c")),
        json::parse(
            R"({"Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","TagKeys":["a","b c"]})"));
    EXPECT_EQ(decode(request_of("GET", "/2016-08-19/account-settings")), json::object());
    EXPECT_EQ(decode(request_of("POST", "/2015-03-31/functions/f/versions")),
              json::parse(R"({"FunctionName":"f"})"));
    EXPECT_EQ(create_with("{}"), kCreate);
}

TEST(RestJson, RefusesWrongTypesInTheServicesWords) {
    struct {
        char const *patch, *message;
    } const cases[] = {
        {R"({"FunctionName":1})", "NUMBER_VALUE can not be converted to a String"},
        {R"({"Description":true})", "TRUE_VALUE can not be converted to a String"},
        {R"({"Timeout":"3"})", "STRING_VALUE can not be converted to an Integer"},
        {R"({"Timeout":3.5})", "NUMBER_VALUE can not be converted to an Integer"},
        {R"({"Timeout":99999999999})", "NUMBER_VALUE can not be converted to an Integer"},
        {R"({"Timeout":99999999999999999999999})",
         "NUMBER_VALUE can not be converted to an Integer"},
        {R"({"Publish":"true"})", "STRING_VALUE can not be converted to a Boolean"},
        {R"({"Handler":{}})", "Start of structure or map found where not expected."},
        {R"({"Handler":["a"]})", "Start of list found where not expected"},
        {R"({"Layers":"a"})", "Expected list or null"},
        {R"({"Layers":[1]})", "NUMBER_VALUE can not be converted to a String"},
        {R"({"Tags":[]})", "Start of list found where not expected"},
        {R"({"Tags":{"a":1}})", "NUMBER_VALUE can not be converted to a String"},
        {R"({"Environment":"x"})", "Expected null"},
        {R"({"Environment":{"Variables":{"A":{}}}})",
         "Start of structure or map found where not expected."},
    };
    for (auto const& c : cases) {
        SCOPED_TRACE(c.patch);
        auto const input = create_with(c.patch);
        ASSERT_FALSE(input.has_value());
        EXPECT_EQ(input.error().code, Errc::kSerialization);
        EXPECT_EQ(input.error().message, c.message);
    }
}

TEST(RestJson, RefusesBodiesThatAreNoJsonObject) {
    for (auto const* const body :
         {"{", "[]", "1", "null", "\"\\ud800\"", "{\"FunctionName\":\"\\udc00\"}"}) {
        auto const input = decode(request_of("POST", "/2015-03-31/functions", body));
        ASSERT_FALSE(input.has_value()) << body;
        EXPECT_EQ(input.error().code, Errc::kSerialization) << body;
    }
    EXPECT_EQ(decode(request_of("GET", "/2015-03-31/functions?MaxItems=ten")).error().code,
              Errc::kSerialization);
}

// REC: texts recorded from the service. MODEL: built by the same rules.
TEST(RestJson, NamesBrokenConstraintsAsTheServiceDoes) {
    std::string const long_name(141, 'a');
    struct {
        char const* name;
        std::string patch;
        std::string message;
    } const cases[] = {
        {"pattern (REC)", R"({"Role":"lambdarole"})",
         "1 validation error detected: Value 'lambdarole' at 'role' failed to satisfy constraint: "
         "Member must satisfy "
         "regular expression pattern: "
         "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"},
        {"length (REC)", R"({"FunctionName":")" + long_name + R"("})",
         "1 validation error detected: Value '" + long_name +
             "' at 'functionName' failed to satisfy constraint: Member must have length less than "
             "or equal to 140"},
        {"range", R"({"Timeout":0})",
         "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: Member "
         "must have value "
         "greater than or equal to 1"},
        {"the service's range", R"({"Timeout":901})",
         "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
         "Member must have value "
         "less than or equal to 900"},
        {"the service's memory", R"({"MemorySize":10241})",
         "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: "
         "Member must have "
         "value less than or equal to 10240"},
        {"enum", R"({"PackageType":"Jar"})",
         "1 validation error detected: Value 'Jar' at 'packageType' failed to satisfy constraint: "
         "Member must satisfy "
         "enum value set: [Zip, Image]"},
        {"list members (REC)", R"({"Architectures":["X86_64"]})",
         "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy "
         "constraint: Member must "
         "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must "
         "not be null]"},
        {"a list's own length", R"({"Architectures":["x86_64","arm64"]})",
         "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to "
         "satisfy constraint: Member "
         "must have length less than or equal to 1"},
        {"nested, first letter only (REC)", R"({"KMSKeyArn":"key"})",
         "1 validation error detected: Value 'key' at 'kMSKeyArn' failed to satisfy constraint: "
         "Member must satisfy "
         "regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"},
        {"a structure in a list",
         R"({"FileSystemConfigs":[{"Arn":"x","LocalMountPath":"/mnt/a"}]})",
         "1 validation error detected: Value 'x' at 'fileSystemConfigs.1.member.arn' failed to "
         "satisfy constraint: Member "
         "must satisfy regular expression pattern: "
         "arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{"
         "1}:\\d{12}:access-"
         "point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/"
         "fs-[0-9a-f]{17,40}/access-point/"
         "fsap-[0-9a-f]{17,40}"},
        {"secrets are not quoted (REC)", R"({"Environment":{"Variables":{"1BAD":"secret"}}})",
         "1 validation error detected: Value at 'environment.variables' failed to satisfy "
         "constraint: Map keys must "
         "satisfy constraint: [Member must satisfy regular expression pattern: "
         "[a-zA-Z]([a-zA-Z0-9_])+, Member must not "
         "be null]"},
        {"several, in the model's order", R"({"Role":"r","Handler":"a b","PackageType":"Jar"})",
         "3 validation errors detected: Value 'r' at 'role' failed to satisfy constraint: Member "
         "must satisfy regular "
         "expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+; "
         "Value 'a b' at 'handler' "
         "failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+; "
         "Value 'Jar' at "
         "'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, "
         "Image]"},
    };
    for (auto const& c : cases) {
        SCOPED_TRACE(c.name);
        auto const input = create_with(c.patch.c_str());
        ASSERT_FALSE(input.has_value());
        EXPECT_EQ(input.error().code, Errc::kValidation);
        EXPECT_EQ(input.error().message, c.message);
    }
}

TEST(RestJson, NamesWhatIsMissing) {
    auto const untag =
        decode(request_of("DELETE",
                          "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3A"
                          "function%3Af"));
    EXPECT_EQ(untag.error().message,
              "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
              "Member must not be "
              "null");
    EXPECT_EQ(create_with(R"({"Role":null})").error().message,
              "1 validation error detected: Value null at 'role' failed to satisfy constraint: "
              "Member must not be null");
}

TEST(RestJson, ChecksMapValues) {
    auto const alias = decode(request_of(
        "POST", "/2015-03-31/functions/f/aliases",
        R"({"Name":"a","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":2.0}}})"));
    EXPECT_EQ(alias.error().message,
              "1 validation error detected: Value '{2=2.0}' at "
              "'routingConfig.additionalVersionWeights' failed to satisfy "
              "constraint: Map value must satisfy constraint: [Member must have value less than or "
              "equal to 1.0, Member "
              "must have value greater than or equal to 0.0, Member must not be null]");
}

TEST(RestJson, LeavesTheServicesOwnRulesTheirException) {
    std::string const name(65, 'a');
    auto const long_name = create_with((R"({"FunctionName":")" + name + R"("})").c_str());
    EXPECT_EQ(long_name.error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(long_name.error().message, "1 validation error detected: Value '" + name +
                                             "' at 'functionName' failed to satisfy constraint: "
                                             "Member must have length less than or equal to 64");
    auto const runtime = create_with(R"({"Runtime":"nonexistent"})");
    EXPECT_EQ(runtime.error().code, Errc::kInvalidParameterValue);
    EXPECT_TRUE(
        runtime.error().message.starts_with("Value nonexistent at 'runtime' failed to satisfy "
                                            "constraint: Member must satisfy enum value set: ["));
    EXPECT_TRUE(runtime.error().message.ends_with("] or be a valid ARN"));
    // In the ARN of a function the name counts, not the ARN.
    EXPECT_TRUE(
        create_with(
            R"({"FunctionName":"arn:aws:lambda:us-east-1:123456789012:function:a-name-of-some-length"})")
            .has_value());
}

TEST(RestJson, BoundsTheMessageOfALargeBadRequest) {
    json configs = json::array();
    for (int i = 0; i < 1'000; ++i) configs.push_back({{"Arn", std::string(1'000, '!')}});
    auto const input = create_with(json{{"FileSystemConfigs", configs}}.dump().c_str());
    ASSERT_FALSE(input.has_value());
    EXPECT_LT(input.error().message.size(), 200'000u);
}

TEST(RestJson, MakesTextOfPathsThatAreNoText) {
    auto const input = decode(request_of("GET", "/2015-03-31/functions/%ff%fe"));
    ASSERT_FALSE(input.has_value());
    EXPECT_EQ(input.error().code, Errc::kValidation);
    EXPECT_NE(input.error().message.find("Value '\xEF\xBF\xBD\xEF\xBF\xBD'"), std::string::npos);
}

TEST(RestJson, EncodesStatusHeadersAndBody) {
    auto const created =
        encode_output(operation(OperationId::kLambdaCreateFunction), {{"FunctionName", "f"}});
    EXPECT_EQ(created.status, 201);
    EXPECT_EQ(created.body, R"({"FunctionName":"f"})");
    EXPECT_EQ(created.headers.get("content-type"), "application/json");

    auto const deleted =
        encode_output(operation(OperationId::kLambdaDeleteFunction), {{"StatusCode", 204}});
    EXPECT_EQ(deleted.status, 204);
    EXPECT_EQ(deleted.body, "");

    auto const invoked = encode_output(operation(OperationId::kLambdaInvoke),
                                       {{"StatusCode", 200},
                                        {"FunctionError", "Unhandled"},
                                        {"LogResult", "dGFpbA=="},
                                        {"ExecutedVersion", "$LATEST\r\nX-Evil: 1"}});
    EXPECT_EQ(invoked.status, 200);
    EXPECT_EQ(invoked.headers.get("X-Amz-Function-Error"), "Unhandled");
    EXPECT_EQ(invoked.headers.get("X-Amz-Log-Result"), "dGFpbA==");
    EXPECT_EQ(invoked.headers.get("X-Amz-Executed-Version"), "$LATESTX-Evil: 1");
    EXPECT_EQ(invoked.body, "");

    EXPECT_EQ(encode_output(operation(OperationId::kLambdaTagResource), nullptr).status, 204);
    EXPECT_EQ(encode_output(operation(OperationId::kLambdaListTags), nullptr).body, "{}");
    EXPECT_EQ(
        encode_output(operation(OperationId::kLambdaListTags), {{"Tags", {{"k", "\xff"}}}}).body,
        "{\"Tags\":{\"k\":\"\xEF\xBF\xBD\"}}");
}

}  // namespace
}  // namespace meridian::wire
