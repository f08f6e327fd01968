// What guards a request: its signature and its caller's policies, with warm caches. The goal for
// both together is 15 microseconds.

#include <benchmark/benchmark.h>

#include "api/authorizer.h"
#include "auth/sigv4_verifier.h"
#include "control/fakes.h"
#include "iam/known_credentials.h"
#include "wire/sigv4.h"

namespace {

using namespace meridian;

class NoRootKey final : public auth::CredentialSource {
  public:
    auth::Credential const* find(model::AccessKeyId const&, std::string_view) const override {
        return nullptr;
    }
};

HttpRequest signed_invoke(Clock const& clock, wire::sigv4::Credentials const& keys) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/2015-03-31/functions/my-function/invocations";
    request.peer_address = "127.0.0.1";
    request.headers.add("Host", "127.0.0.1:4566");
    request.headers.add("Accept-Encoding", "identity");
    request.headers.add("User-Agent",
                        "Boto3/1.43.67 md/Botocore#1.43.67 ua/2.1 os/linux#6.1 lang/python#3.11");
    request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
    request.headers.add("amz-sdk-invocation-id", "4ff2b0f1-2a54-4c6e-9d83-4ed52b9b2a7d");
    request.headers.add("amz-sdk-request", "attempt=1");
    request.body.assign(1'024, 'x');
    wire::sigv4::SigningOptions options;
    options.region = "us-east-1";
    options.service = "lambda";
    options.time = clock.wall_now();
    wire::sigv4::sign_request(request, keys, options);
    return request;
}

// A user with what a deployer has: an AWS-managed policy and one of their own with conditions.
struct Guarded : control::ControlHarness {
    Guarded() {
        auto& iam = identities.manager;
        (void)run(iam.create_user(who, {.name = "ann"}));
        (void)run(iam.attach_policy<model::User>(
            who, "ann", "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"));
        (void)run(iam.put_inline_policy<model::User>(
            who, "ann",
            {"own",
             R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*",)"
             R"("Resource":"arn:aws:lambda:*:123456789012:function:*","Condition":{"IpAddress":)"
             R"({"aws:SourceIp":["10.0.0.0/8","127.0.0.0/8"]}}}]})"}));
        auto made = run(iam.create_access_key(who, "ann"));
        key = {made->key.id.value(), made->secret_access_key};
    }

    NoRootKey root;
    iam::KnownCredentials credentials{root, identities.directory, identities.secrets};
    auth::Verifier verifier{clock, credentials};
    api::Authorizer authorizer{{*control, identities.directory, identities.authority, clock}};
    wire::sigv4::Credentials key;
};

io::Task<> authorize(benchmark::State& state, Guarded& guarded, auth::Caller const& caller) {
    auto const& operation = wire::operation(wire::OperationId::kLambdaInvoke);
    nlohmann::json const input = {{"FunctionName", "my-function"}};
    api::RequestOrigin const origin{.peer_address = "127.0.0.1", .user_agent = "Boto3/1.43.67"};
    for (auto _ : state) {
        auto const allowed =
            co_await guarded.authorizer.authorize(caller, operation, input, origin);
        if (!allowed) state.SkipWithError("denied");
    }
    co_return Result<void>{};
}

void BM_Authorize(benchmark::State& state) {
    Guarded guarded;
    auto const caller =
        guarded.verifier.verify(signed_invoke(guarded.clock, guarded.key), {"us-east-1", "lambda"});
    if (!caller) return state.SkipWithError("refused");
    (void)guarded.run(authorize(state, guarded, *caller));
}
BENCHMARK(BM_Authorize);

io::Task<> verify_and_authorize(benchmark::State& state, Guarded& guarded) {
    auto const request = signed_invoke(guarded.clock, guarded.key);
    auto const& operation = wire::operation(wire::OperationId::kLambdaInvoke);
    nlohmann::json const input = {{"FunctionName", "my-function"}};
    api::RequestOrigin const origin{.peer_address = "127.0.0.1", .user_agent = "Boto3/1.43.67"};
    for (auto _ : state) {
        auto const caller = guarded.verifier.verify(request, {"us-east-1", "lambda"});
        auto const allowed =
            co_await guarded.authorizer.authorize(*caller, operation, input, origin);
        if (!allowed) state.SkipWithError("denied");
    }
    co_return Result<void>{};
}

void BM_VerifyAndAuthorize(benchmark::State& state) {
    Guarded guarded;
    (void)guarded.run(verify_and_authorize(state, guarded));
}
BENCHMARK(BM_VerifyAndAuthorize);

}  // namespace
