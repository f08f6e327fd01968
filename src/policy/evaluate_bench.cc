// What a decision costs: once or a few times a request, on the path of every invocation.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "policy/evaluate.h"

namespace {

using namespace meridian::policy;

constexpr std::string_view kFunction = "arn:aws:lambda:us-east-1:123456789012:function:my-function";

// What a deployer has: some ten statements of some ten actions, one with a condition and a
// variable.
Document typical() {
    std::string text = R"({"Version":"2012-10-17","Statement":[)";
    for (int i = 0; i < 9; ++i) {
        text +=
            R"({"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:PutObject","logs:Create*",)"
            R"("logs:Put*","dynamodb:Query","dynamodb:GetItem","sqs:*","sns:Publish","kms:Decrypt"],)"
            R"("Resource":["arn:aws:s3:::bucket/*","arn:aws:sqs:*:123456789012:*"]},)";
    }
    text += R"({"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:123456789012:)"
            R"(function:*","Condition":{"StringLike":{"aws:PrincipalArn":)"
            R"("arn:aws:iam::123456789012:user/${aws:username}"},)"
            R"("IpAddress":{"aws:SourceIp":["10.0.0.0/8","127.0.0.0/8"]}}}]})";
    return *Document::parse(DocumentKind::kIdentity, text);
}

void BM_Evaluate(benchmark::State& state) {
    auto const document = typical();
    std::vector<Document const*> const identity(static_cast<std::size_t>(state.range(0)),
                                                &document);
    Principal const who{.kind = Principal::Kind::kUser,
                        .account = "123456789012",
                        .arn = "arn:aws:iam::123456789012:user/alice"};
    for (auto _ : state) {
        RequestContext context;
        context.add("aws:principalarn", who.arn);
        context.add("aws:username", "alice");
        context.add("aws:sourceip", "127.0.0.1");
        auto const decision = evaluate({.principal = who,
                                        .action = "lambda:InvokeFunction",
                                        .resource = kFunction,
                                        .resource_account = who.account,
                                        .context = context},
                                       {.identity = identity});
        if (!decision.allowed()) state.SkipWithError("denied");
        benchmark::DoNotOptimize(decision);
    }
}
BENCHMARK(BM_Evaluate)->Arg(1)->Arg(3);

void BM_Parse(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(typical());
}
BENCHMARK(BM_Parse);

}  // namespace
