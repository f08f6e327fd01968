// What routing, decoding and checking cost: each once an invocation.

#include <string>

#include <benchmark/benchmark.h>

#include "wire/json_grammar.h"
#include "wire/json_values.h"
#include "wire/rest_json.h"
#include "wire/sigv4.h"

namespace {

using namespace meridian;

HttpRequest invoke_request() {
    HttpRequest request;
    request.method = "POST";
    request.target = "/2015-03-31/functions/my-function/invocations";
    request.headers.add("Host", "127.0.0.1:4566");
    request.headers.add("Accept-Encoding", "identity");
    request.headers.add("User-Agent",
                        "Boto3/1.43.67 md/Botocore#1.43.67 ua/2.1 os/linux#6.1 lang/python#3.11");
    request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
    request.headers.add("X-Amz-Date", "20240101T000000Z");
    request.headers.add("Authorization", std::string(250, 'x'));
    return request;
}

void BM_FindRoute(benchmark::State& state) {
    auto const request = invoke_request();
    for (auto _ : state) {
        benchmark::DoNotOptimize(wire::find_route(request.method, request.path(), request.query()));
    }
}
BENCHMARK(BM_FindRoute);

void BM_DecodeInvoke(benchmark::State& state) {
    auto const request = invoke_request();
    auto const route = wire::find_route(request.method, request.path(), request.query());
    for (auto _ : state) benchmark::DoNotOptimize(wire::decode_input(*route, request));
}
BENCHMARK(BM_DecodeInvoke);

HttpRequest create_request() {
    HttpRequest request;
    request.method = "POST";
    request.target = "/2015-03-31/functions";
    request.headers.add("Content-Type", "application/octet-stream");
    request.body =
        R"({"FunctionName": "made-12345", "Runtime": "provided.al2023", "Handler": "bootstrap", )"
        R"("Role": "arn:aws:iam::000000000000:role/bench", "MemorySize": 512, "Environment": )"
        R"({"Variables": {"STAGE": "prod", "TABLE": "made-12345"}}, "Tags": {"team": "bench"}, )"
        R"("Code": {"ZipFile": ")" +
        std::string(240, 'A') + R"("}})";
    return request;
}

void BM_DecodeCreateFunction(benchmark::State& state) {
    auto const request = create_request();
    auto const route = wire::find_route(request.method, request.path(), request.query());
    if (!wire::decode_input(*route, request)) state.SkipWithError("refused");
    for (auto _ : state) benchmark::DoNotOptimize(wire::decode_input(*route, request));
}
BENCHMARK(BM_DecodeCreateFunction);

// What the values alone cost, and what they would with the library's own parser.
void BM_ParseCreateFunction(benchmark::State& state) {
    auto const request = create_request();
    for (auto _ : state) benchmark::DoNotOptimize(wire::parse_json(request.body));
}
BENCHMARK(BM_ParseCreateFunction);

void BM_LibraryParseCreateFunction(benchmark::State& state) {
    auto const request = create_request();
    for (auto _ : state)
        benchmark::DoNotOptimize(nlohmann::json::parse(request.body, nullptr, false));
}
BENCHMARK(BM_LibraryParseCreateFunction);

void BM_JsonGrammar(benchmark::State& state, std::string const& text) {
    for (auto _ : state) benchmark::DoNotOptimize(wire::find_json_fault(text));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
std::string repeated_objects() {
    std::string text = "[";
    for (int i = 0; i < 5'000; ++i) {
        text += R"({"id":12345,"name":"some event name","tags":["a","b"],"ok":true,"ratio":0.25},)";
    }
    text.back() = ']';
    return text;
}
BENCHMARK_CAPTURE(BM_JsonGrammar, ascii_string_1mib, "\"" + std::string(1 << 20, 'x') + "\"");
BENCHMARK_CAPTURE(BM_JsonGrammar, small_event,
                  R"({"key1":"value1","key2":"value2","key3":"value3"})");
BENCHMARK_CAPTURE(BM_JsonGrammar, objects, repeated_objects());

void BM_CanonicalRequest(benchmark::State& state) {
    auto const request = invoke_request();
    for (auto _ : state) {
        benchmark::DoNotOptimize(wire::sigv4::canonical_request(
            request, "host;x-amz-date;x-amz-invocation-type", wire::sigv4::kEmptyPayloadHash));
    }
}
BENCHMARK(BM_CanonicalRequest);

}  // namespace
