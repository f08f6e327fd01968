// What verifying costs: once a request, on the path of every invocation.

#include <benchmark/benchmark.h>

#include "auth/sigv4_verifier.h"
#include "wire/sigv4.h"

namespace {

using namespace meridian;

class OneKey final : public auth::CredentialSource {
  public:
    auth::Credential const* find(model::AccessKeyId const&, std::string_view) const override {
        return &credential_;
    }

  private:
    auth::Credential credential_{"secret", model::AccountId{"123456789012"},
                                 "arn:aws:iam::123456789012:root", "123456789012"};
};

HttpRequest signed_invoke(Clock const& clock, std::size_t body_bytes) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/2015-03-31/functions/my-function/invocations";
    request.headers.add("Host", "127.0.0.1:4566");
    request.headers.add("Accept-Encoding", "identity");
    request.headers.add("User-Agent",
                        "Boto3/1.43.67 md/Botocore#1.43.67 ua/2.1 os/linux#6.1 lang/python#3.11");
    request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
    request.headers.add("amz-sdk-invocation-id", "4ff2b0f1-2a54-4c6e-9d83-4ed52b9b2a7d");
    request.headers.add("amz-sdk-request", "attempt=1");
    request.body.assign(body_bytes, 'x');
    wire::sigv4::SigningOptions options;
    options.region = "us-east-1";
    options.service = "lambda";
    options.time = clock.wall_now();
    wire::sigv4::sign_request(request, {"AKIDEXAMPLE", "secret"}, options);
    return request;
}

void BM_VerifyWarm(benchmark::State& state) {
    ManualClock clock;
    OneKey keys;
    auth::Verifier verifier(clock, keys);
    auto const request = signed_invoke(clock, static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        auto caller = verifier.verify(request, {"us-east-1", "lambda"});
        if (!caller) state.SkipWithError("refused");
        benchmark::DoNotOptimize(caller);
    }
}
BENCHMARK(BM_VerifyWarm)->Arg(0)->Arg(1'024)->Arg(65'536);

void BM_ParseScope(benchmark::State& state) {
    ManualClock clock;
    auto const request = signed_invoke(clock, 0);
    for (auto _ : state) benchmark::DoNotOptimize(auth::parse_scope(request));
}
BENCHMARK(BM_ParseScope);

}  // namespace
