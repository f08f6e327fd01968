#include "wire/function_url.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace meridian::wire {
namespace {

using nlohmann::json;

std::string header(HttpResponse const& response, std::string_view name) {
    return std::string(response.headers.get(name));
}

HttpRequest get(std::string target) {
    HttpRequest request{.method = "GET", .target = std::move(target)};
    request.headers.add("Host", "ID.lambda-url.us-east-1.localhost:4600");
    request.peer_address = "127.0.0.1";
    return request;
}

TEST(FunctionUrlHost, NamesTheUrlAndTheRegionInAnyCase) {
    FunctionUrlHost const expected{"id", "us-east-1"};
    EXPECT_EQ(parse_function_url_host("ID.Lambda-URL.us-east-1.localhost:4600"), expected);
    EXPECT_EQ(parse_function_url_host("id.lambda-url.us-east-1.on.aws"), expected);
    for (auto const* host : {"", "localhost", ".lambda-url.us-east-1.localhost",
                             "id.lambda-url.us-east-1", "id.lambda-url..localhost", "[::1]:80"})
        EXPECT_EQ(parse_function_url_host(host), std::nullopt) << host;
}

TEST(FunctionUrlHost, IsWhatAUrlIsMadeWith) {
    model::RegionName const region("us-east-1");
    EXPECT_EQ(format_function_url("http://127.0.0.1:4600", "id", region),
              "http://id.lambda-url.us-east-1.localhost:4600/");
    EXPECT_EQ(format_function_url("https://host.example", "id", region),
              "https://id.lambda-url.us-east-1.host.example/");
    EXPECT_EQ(format_function_url("http://[::1]:4600", "id", region),
              "http://id.lambda-url.us-east-1.localhost:4600/");
}

TEST(FunctionUrlEvent, HoldsTheRequest) {
    auto request = get("/pa2%Fth/1?a=1&a=2&b=3+4&c");
    request.method = "POST";
    request.headers.add("X-One", "v1");
    request.headers.add("x-one", "v2");
    request.headers.add("Cookie", "c1=v1; c2=v2");
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("User-Agent", "agent");
    request.headers.add("Authorization", "Bearer x");
    request.body = R"({"a":1})";
    auto const event = json::parse(
        url_event(request, {.url_id = "id",
                            .owner_account = "123456789012",
                            .request_id = "r",
                            .trace_id = "Root=1",
                            .time = WallTime{std::chrono::milliseconds{1583348638390}}}));
    EXPECT_EQ(event["version"], "2.0");
    EXPECT_EQ(event["rawPath"], "/pa2%Fth/1");  // recorded: escapes are kept
    EXPECT_EQ(event["rawQueryString"], "a=1&a=2&b=3+4&c");
    EXPECT_EQ(event["queryStringParameters"], (json{{"a", "1,2"}, {"b", "3 4"}, {"c", ""}}));
    EXPECT_EQ(event["cookies"], (json{"c1=v1", "c2=v2"}));
    EXPECT_EQ(event["headers"]["x-one"], "v1,v2");
    EXPECT_EQ(event["headers"]["x-forwarded-for"], "127.0.0.1");
    EXPECT_EQ(event["headers"]["x-forwarded-port"], "4600");
    EXPECT_EQ(event["headers"]["x-amzn-trace-id"], "Root=1");
    EXPECT_EQ(event["headers"]["authorization"], "Bearer x");
    EXPECT_FALSE(event["headers"].contains("cookie"));
    EXPECT_EQ(event["body"], R"({"a":1})");
    EXPECT_EQ(event["isBase64Encoded"], false);
    auto const& context = event["requestContext"];
    EXPECT_EQ(context["accountId"], "anonymous");
    EXPECT_EQ(context["domainName"], "id.lambda-url.us-east-1.localhost");
    EXPECT_EQ(context["time"], "04/Mar/2020:19:03:58 +0000");
    EXPECT_EQ(context["timeEpoch"], 1583348638390);
    EXPECT_EQ(context["http"]["sourceIp"], "127.0.0.1");
    EXPECT_FALSE(context.contains("authorizer"));
}

TEST(FunctionUrlEvent, LeavesOutWhatIsNotThere) {
    auto const event = json::parse(url_event(get("/"), {}));
    for (auto const* member : {"cookies", "queryStringParameters", "body"})
        EXPECT_FALSE(event.contains(member)) << member;
    EXPECT_EQ(event["isBase64Encoded"], false);
}

TEST(FunctionUrlEvent, BytesThatAreNoTextAreReplacedOrLeftOut) {
    auto request = get("/\xff?\xff=\xff");
    request.headers.set("host", "id.lambda-url.us-east-1.localhost:\xff");
    request.headers.add("x-\xff", "\xff");
    request.headers.add("cookie", "\xff");
    request.headers.add("user-agent", "\xff");
    auto const event = json::parse(url_event(request, {}));
    EXPECT_EQ(event["headers"]["x-forwarded-port"], "80");
    EXPECT_EQ(event["rawPath"], "/\xef\xbf\xbd");
}

TEST(FunctionUrlEvent, BytesAreBase64) {
    auto request = get("/");
    request.headers.add("Content-Type", "multipart/form-data; boundary=x");
    request.body = "plain";
    EXPECT_EQ(json::parse(url_event(request, {}))["body"], "cGxhaW4=");
    request.headers.set("content-type", "text/plain");
    EXPECT_EQ(json::parse(url_event(request, {}))["body"], "plain");
    request.body = "\xff";
    auto const event = json::parse(url_event(request, {}));
    EXPECT_EQ(event["body"], "/w==");
    EXPECT_EQ(event["isBase64Encoded"], true);
}

TEST(FunctionUrlEvent, SaysWhoSigned) {
    auto request = get("/");
    request.headers.add("Authorization", "AWS4-HMAC-SHA256 …");
    auto const event = json::parse(url_event(
        request,
        {.owner_account = "123456789012",
         .caller = UrlCaller{"AKIA", "210987654321", "arn:aws:iam::210987654321:user/a", "AIDA"}}));
    EXPECT_EQ(event["requestContext"]["accountId"], "123456789012");
    EXPECT_EQ(event["requestContext"]["authorizer"]["iam"]["userArn"],
              "arn:aws:iam::210987654321:user/a");
    EXPECT_FALSE(event["headers"].contains("authorization"));
}

TEST(FunctionUrlResponse, MeansWhatTheFunctionAnswered) {
    struct Case {
        char const* payload;
        int status;
        char const* body;
        char const* type;
    };
    Case const cases[] = {
        {R"({"a":1})", 200, R"({"a":1})", "application/json"},
        {R"([1, 2])", 200, "[1,2]", "application/json"},
        {"null", 200, "null", "application/json"},
        {R"("hello")", 200, "hello", "application/json"},  // recorded: no quotes
        {R"({"statusCode":201})", 201, "", "application/json"},
        {R"({"statusCode":"418","body":"tea"})", 418, "tea", "application/json"},
        {R"({"statusCode":200,"body":{"b":2}})", 200, R"({"b":2})", "application/json"},
        {R"({"statusCode":200,"body":"aGk=","isBase64Encoded":true})", 200, "hi",
         "application/json"},
        {R"({"statusCode":200,"headers":{"content-type":"text/html"},"body":"<p>"})", 200, "<p>",
         "text/html"},
        // What no response can be.
        {"nonsense", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":99})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":600})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":"20x"})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":{}})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":200,"headers":[]})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":200,"headers":{"a b":"c"}})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":200,"headers":{"a":"b\r\nset-cookie: c"}})", 502, "Internal Server Error",
         "text/plain"},
        {R"({"statusCode":200,"cookies":[1]})", 502, "Internal Server Error", "text/plain"},
        {R"({"statusCode":200,"body":"*","isBase64Encoded":true})", 502, "Internal Server Error",
         "text/plain"},
    };
    for (auto const& test : cases) {
        auto const response = url_response(test.payload);
        EXPECT_EQ(response.status, test.status) << test.payload;
        EXPECT_EQ(response.body, test.body) << test.payload;
        EXPECT_EQ(header(response, "content-type"), test.type) << test.payload;
    }
}

TEST(FunctionUrlResponse, JsonLosesTheSpacesBetweenItsTokens) {
    EXPECT_EQ(url_response("[\"hello\", 3,\n True_]").status, 502);
    EXPECT_EQ(url_response("[\"hello\", 3, true]").body, "[\"hello\",3,true]");
    EXPECT_EQ(url_response(R"({"z" : "a b\\" , "a": " \" , "})").body,
              R"({"z":"a b\\","a":" \" , "})");
    EXPECT_EQ(url_response("{\"n\": 1.0e2,\t\"u\": \"\\u00e9 \"}").body,
              "{\"n\":1.0e2,\"u\":\"\\u00e9 \"}");
}

TEST(FunctionUrlResponse, TheServersOwnHeadersAreRemapped) {
    auto const response = url_response(
        R"({"statusCode":200,"headers":{"Content-Length":"7","n":1,"none":null},"cookies":["a=b","c=d"]})");
    EXPECT_FALSE(response.headers.contains("content-length"));
    EXPECT_EQ(header(response, "x-amzn-remapped-content-length"), "7");
    EXPECT_EQ(header(response, "n"), "1");
    EXPECT_FALSE(response.headers.contains("none"));
    auto const cookies = std::ranges::count_if(
        response.headers.fields(), [](auto const& field) { return field.name == "set-cookie"; });
    EXPECT_EQ(cookies, 2);
}

TEST(FunctionUrlCors, AnswersPreflightsAndAddsHeaders) {
    json const cors = {{"AllowOrigins", {"https://a.example"}},
                       {"AllowMethods", {"GET", "POST"}},
                       {"AllowHeaders", {"x-a"}},
                       {"ExposeHeaders", {"x-b"}},
                       {"AllowCredentials", true},
                       {"MaxAge", 60}};
    auto request = get("/");
    request.method = "OPTIONS";
    EXPECT_FALSE(is_preflight(request));
    request.headers.add("Origin", "https://a.example");
    request.headers.add("Access-Control-Request-Method", "POST");
    ASSERT_TRUE(is_preflight(request));
    auto const answer = preflight_response(cors, request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(header(answer, "access-control-allow-origin"), "https://a.example");
    EXPECT_EQ(header(answer, "access-control-allow-methods"), "GET,POST");
    EXPECT_EQ(header(answer, "access-control-allow-headers"), "x-a");
    EXPECT_EQ(header(answer, "access-control-allow-credentials"), "true");
    EXPECT_EQ(header(answer, "access-control-max-age"), "60");
    EXPECT_FALSE(answer.headers.contains("access-control-expose-headers"));

    HttpResponse response;
    add_cors_headers(cors, request, &response);
    EXPECT_EQ(header(response, "access-control-expose-headers"), "x-b");
    EXPECT_EQ(header(response, "vary"), "Origin");

    request.headers.set("Origin", "https://b.example");
    EXPECT_TRUE(preflight_response(cors, request).headers.fields().empty());
    HttpResponse other;
    add_cors_headers(cors, request, &other);
    EXPECT_TRUE(other.headers.fields().empty());
    add_cors_headers({{"AllowOrigins", {"*"}}}, request, &other);
    EXPECT_EQ(header(other, "access-control-allow-origin"), "*");
}

}  // namespace
}  // namespace meridian::wire
