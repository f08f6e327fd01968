#include "transfer/import_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "transfer/fake_aws_api.h"
#include "transfer/retrying_api.h"

namespace meridian::transfer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FakePackages final : public PackageSource {
  public:
    io::Task<std::string> fetch(std::size_t, CodeRef what) override {
        if (what.sha256 == "damaged") co_return fail(Errc::kCorrupt, "it is damaged");
        co_return "zip";
    }
};

Unit unit_of(std::vector<Step> steps) {
    return {.subject = "function f", .function = "f", .steps = std::move(steps)};
}

struct Ran {
    ImportResult result;
    std::vector<std::string> progress;
};

Result<Ran> run_units(FakeAwsApi& api, std::vector<std::vector<Unit>> phases) {
    FakePackages packages;
    Ran ran;
    auto result = run(run_import({&api}, {.phases = std::move(phases)}, packages,
                                 [&](std::size_t done, std::size_t total, std::string const& what) {
                                     ran.progress.push_back(std::to_string(done) + "/" +
                                                            std::to_string(total) + " " + what);
                                 }));
    if (!result) return std::unexpected(result.error());
    ran.result = std::move(*result);
    return ran;
}

TEST(RunImport, SendsPackagesAndWaitsUntilItIsReady) {
    FakeAwsApi api;
    api.on("POST /2015-03-31/functions", {{"State", "Pending"}}, 201)
        .on("GET /2015-03-31/functions/f/configuration", {{"State", "Pending"}})
        .on("GET /2015-03-31/functions/f/configuration",
            {{"State", "Active"}, {"LastUpdateStatus", "Successful"}})
        .on("POST /2015-03-31/functions/f/versions", {{"Version", "1"}}, 201);
    auto const ran = run_units(api, {{unit_of({{.what = "function f",
                                                .method = "POST",
                                                .target = "/2015-03-31/functions",
                                                .body = {{"Code", json::object()}},
                                                .code = CodeRef{},
                                                .code_at = "/Code/ZipFile",
                                                .settle = kLatest,
                                                .vital = true},
                                               {.what = "version 1",
                                                .method = "POST",
                                                .target = "/2015-03-31/functions/f/versions",
                                                .body = json::object(),
                                                .version = 1,
                                                .vital = true}})}});
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->result.steps_done, 2U);
    EXPECT_THAT(ran->result.failures, IsEmpty());
    EXPECT_THAT(api.asked,
                ElementsAre("POST /2015-03-31/functions {\"Code\":{\"ZipFile\":\"emlw\"}}",
                            "GET /2015-03-31/functions/f/configuration",
                            "GET /2015-03-31/functions/f/configuration",
                            "POST /2015-03-31/functions/f/versions {}"));
    EXPECT_THAT(ran->progress, ElementsAre("1/1 function f"));
}

TEST(RunImport, WhatFailsLeavesTheRestAlone) {
    FakeAwsApi api;
    api.on("POST /v", {{"Version", "7"}}, 201)
        .on("POST /refused", {{"Message", "no"}}, 400, "InvalidParameterValueException")
        .on("POST /good", json::object(), 201);
    Step const good{.what = "good", .method = "POST", .target = "/good", .body = json::object()};
    Step const refused{
        .what = "refused", .method = "POST", .target = "/refused", .body = json::object()};
    Step const number{.what = "version 1",
                      .method = "POST",
                      .target = "/v",
                      .body = json::object(),
                      .version = 1,
                      .vital = true};
    Step const damaged{.what = "code",
                       .method = "POST",
                       .target = "/good",
                       .body = json::object(),
                       .code = CodeRef{.sha256 = "damaged"},
                       .code_at = "/ZipFile",
                       .vital = true};
    auto const ran = run_units(
        api, {{unit_of({refused, good}), unit_of({number, good}), unit_of({damaged, good})},
              {unit_of({good})}});
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->result.steps_done, 2U);
    std::vector<std::string> reasons;
    for (auto const& failure : ran->result.failures)
        reasons.push_back(failure.what + ": " + failure.reason);
    EXPECT_THAT(reasons, ElementsAre("refused: InvalidParameterValueException (400): no",
                                     "version 1: the target gave the number 7 instead of 1",
                                     "code: it is damaged"));
}

TEST(RunImport, NobodyThereEndsIt) {
    FakeAwsApi api;
    api.on_error("POST /x", Errc::kUnavailable);
    Step const step{.what = "x", .method = "POST", .target = "/x", .body = json::object()};
    EXPECT_EQ(run_units(api, {{unit_of({step}), unit_of({step})}}).error().code,
              Errc::kUnavailable);
    EXPECT_EQ(api.asked.size(), 1U) << "nothing more is begun";
}

TEST(RunImport, NewArnsStandForOldOnes) {
    FakeAwsApi api;
    api.on("POST /csc", {{"CodeSigningConfig", {{"CodeSigningConfigArn", "arn:new"}}}}, 201)
        .on("PUT /f", json::object());
    auto const ran = run_units(api, {{{.subject = "code signing config",
                                       .steps = {{.what = "c",
                                                  .method = "POST",
                                                  .target = "/csc",
                                                  .body = json::object(),
                                                  .vital = true,
                                                  .binds = "arn:old"}}}},
                                     {unit_of({{.what = "f",
                                                .method = "PUT",
                                                .target = "/f",
                                                .body = {{"CodeSigningConfigArn", "arn:old"}}}})}});
    ASSERT_TRUE(ran);
    EXPECT_EQ(api.asked.back(), "PUT /f {\"CodeSigningConfigArn\":\"arn:new\"}");
}

// A sleep that only counts.
RetryingApi::Sleep counting(std::vector<std::chrono::milliseconds>& waits) {
    return [&waits](std::chrono::milliseconds wait) -> io::Task<> {
        waits.push_back(wait);
        co_return Result<void>{};
    };
}

TEST(RetryingApi, AsksAgainWhenItIsTooMuch) {
    FakeAwsApi api;
    api.on("POST /x", {}, 429, "TooManyRequestsException")
        .on("POST /x", {}, 503)
        .on("POST /x", {}, 400, "ThrottlingException")
        .on("POST /x", {{"a", 1}}, 201);
    std::vector<std::chrono::milliseconds> waits;
    RetryingApi retrying(api, counting(waits));
    EXPECT_EQ(run(retrying.rest("lambda", "POST", "/x", json::object())).value().status, 201);
    using std::chrono_literals::operator""ms;
    EXPECT_THAT(waits, ElementsAre(100ms, 200ms, 400ms));
}

TEST(RetryingApi, GivesUpAndLeavesOtherErrorsAlone) {
    FakeAwsApi api;
    api.on("GET /busy", {}, 429)
        .on("GET /no", {}, 404, "ResourceNotFoundException")
        .on_error("GET /gone", Errc::kIo)
        .on_error("POST /gone", Errc::kIo)
        .on_error("iam GetRole", Errc::kIo)
        .on_error("iam CreateRole", Errc::kIo);
    std::vector<std::chrono::milliseconds> waits;
    RetryingApi retrying(api, counting(waits));
    auto const waits_of = [&](auto task) {
        waits.clear();
        (void)run(std::move(task));
        return static_cast<int>(waits.size());
    };
    EXPECT_EQ(waits_of(retrying.rest("lambda", "GET", "/busy")), kTriesMax - 1);
    EXPECT_EQ(waits.back(), kLongestWait);
    EXPECT_EQ(waits_of(retrying.rest("lambda", "GET", "/no")), 0);
    EXPECT_EQ(waits_of(retrying.rest("lambda", "GET", "/gone")), kGoneTriesMax - 1);
    EXPECT_EQ(waits_of(retrying.rest("lambda", "POST", "/gone")), 0) << "it may have been done";
    EXPECT_EQ(waits_of(retrying.query("iam", "GetRole", json::object())), kGoneTriesMax - 1);
    EXPECT_EQ(waits_of(retrying.query("iam", "CreateRole", json::object())), 0);
}

}  // namespace
}  // namespace meridian::transfer
