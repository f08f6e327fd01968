#include "pipeline/runner.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "deploy/reproducible_zip.h"
#include "pipeline/fakes.h"

namespace meridian::pipeline {
namespace {

using deploy::AwsAnswer;
using nlohmann::json;

constexpr char kRunnersDefinition[] = R"(version: 1
stages:
  - build: {code: src}
  - deploy:
      functions: {f: code}
      waves: [[here], [there]]
      bake: 2
  - test:
      cases: [{function: f, event: a.json, expect: b.json}]
  - approve:
  - promote: {alias: live, baseline: true}
)";

// A region of one function, whose pipeline's record is `execution`; both regions share the rest.
class FakeRegion final : public deploy::AwsApi {
  public:
    FakeRegion(std::string name, Execution& execution, std::vector<std::string>& calls)
        : name_(std::move(name)), execution_(execution), calls_(calls) {}

    std::string const& region() const noexcept override { return name_; }
    io::Task<AwsAnswer> rest(std::string service, std::string method, std::string target,
                             json body) override {
        auto const path = target.substr(0, target.find('?'));
        if (path.starts_with("/meridian/v1/pipelines/")) co_return of_pipeline(method, body);
        calls_.push_back(fmt::format("{} {} {}", name_, method, path));
        if (path.ends_with("/package")) co_return good({{"Bytes", to_base64(zip)}});
        if (path.ends_with("/file")) co_return good({{"Bytes", to_base64(file)}});
        if (path.ends_with("/configuration"))
            co_return good({{"State", "Active"}, {"LastUpdateStatus", "Successful"}});
        if (path.ends_with("/versions")) co_return good({{"Version", "7"}});
        if (path.ends_with("/invocations")) co_return good(answer);
        if (path.ends_with("/aliases/live") && method == "GET" && !alias)
            co_return AwsAnswer{.status = 404, .body = {{"Message", "no alias"}}};
        co_return good({{"FunctionVersion", "6"}});
    }
    io::Task<AwsAnswer> query(std::string, std::string, json) override {
        co_return fail(Errc::kInternal, "nobody asks");
    }
    io::Task<std::string> download(std::string) override {
        co_return fail(Errc::kInternal, "nobody asks");
    }

    std::string file = "{}";
    std::string zip = deploy::make_package({{.name = "src/a", .bytes = "b"}}).value();
    json answer = json::object();
    bool alias = true;

  private:
    static AwsAnswer good(json body) { return {.status = 200, .body = std::move(body)}; }

    AwsAnswer of_pipeline(std::string const& method, json const& body) {
        if (method == "POST") {
            auto const event = body.at("Event").get<std::string>();
            calls_.push_back(event);
            auto const done = take(event, body);
            if (!done) return {.status = 409, .body = {{"Message", done.error().message}}};
        }
        return good(to_json(execution_));
    }
    Result<void> take(std::string const& event, json const& body) {
        std::size_t const stage = body.value("Stage", std::size_t{0});
        auto const message = body.value("Message", "");
        if (event == "BeginStage") return begin_stage(execution_, stage, kNow);
        if (event == "EndStage")
            return end_stage(execution_, stage, body.value("Output", json()), message, kNow);
        for (std::size_t i = 0; i < kExecutionEvents; ++i) {
            auto const known = static_cast<ExecutionEvent>(i);
            if (event == name_of(known))
                return apply(execution_, {.event = known, .message = message}, kNow);
        }
        return fail(Errc::kInternal, "no such event");
    }

    static constexpr WallTime kNow{std::chrono::seconds(1'700'000'000)};
    std::string const name_;
    Execution& execution_;
    std::vector<std::string>& calls_;
};

struct RunnerTest : ::testing::Test {
    RunnerTest() {
        define(kRunnersDefinition);
        execution.commit = std::string(40, 'a');
        execution.repository = "shop";
        execution.pipeline = "p";
        execution.number = 3;
    }
    ~RunnerTest() override { std::filesystem::remove_all(folder); }
    void define(std::string_view text) {
        auto definition = parse_definition(text).value();
        execution.stages.clear();
        for (auto& stage : definition.stages)
            execution.stages.push_back({.definition = std::move(stage)});
    }
    Result<void> run() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directory(folder);
        Runner runner({.api = [this](std::string const& region) -> deploy::AwsApi& {
                           return region == "here" ? here : there;
                       },
                       .home = "here",
                       .clock = clock,
                       .pause = [this](std::chrono::milliseconds time) -> io::Task<> {
                           clock.advance(time);
                           if (during_pause) during_pause();
                           co_return Result<void>{};
                       },
                       .say = [](std::string const&) {},
                       .open_template = {},
                       .builder =
                           [this](std::filesystem::path const&) {
                               return std::make_unique<FakeBuilder>(built);
                           },
                       .directory = folder,
                       .random = random,
                       .log = log},
                      "p", 3);
        std::optional<Result<void>> result;
        asio::io_context context(1);
        asio::co_spawn(context, runner.run(), [&](std::exception_ptr exception, Result<void> got) {
            if (exception) std::rethrow_exception(exception);
            result = std::move(got);
        });
        context.run();
        return *result;
    }
    std::size_t count(std::string_view call) const {
        return static_cast<std::size_t>(std::ranges::count(calls, call));
    }

    SeededRandom random{1};
    NullLog log;
    ManualClock clock{WallTime{std::chrono::seconds(1'700'000'000)}};
    Execution execution;
    std::vector<std::string> calls;
    FakeRegion here{"here", execution, calls};
    FakeRegion there{"there", execution, calls};
    std::function<void()> during_pause;
    std::string built = "built ";
    std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) / fmt::format("meridian-runner-{}", ::getpid());
};

TEST_F(RunnerTest, GoesToTheApprovalAndOnFromThere) {
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kWaiting);
    EXPECT_EQ(calls.back(), "Wait");
    EXPECT_EQ(execution.stages[1].output, json({{"here", {{"f", "7"}}}, {"there", {{"f", "7"}}}}));
    EXPECT_EQ(count("here PUT /2015-03-31/functions/f/code"), 1U);
    EXPECT_EQ(count("here GET /meridian/v1/repositories/shop/package"), 1U);
    ASSERT_TRUE(apply(execution, {.event = ExecutionEvent::kApprove}, clock.wall_now()));
    there.alias = false;
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kSucceeded);
    EXPECT_EQ(count("here PUT /2015-03-31/functions/f/aliases/live"), 1U);
    EXPECT_EQ(count("there POST /2015-03-31/functions/f/aliases"), 1U);
    EXPECT_EQ(count("there POST /meridian/v1/baselines"), 1U);
    EXPECT_EQ(execution.stages[4].output, json({{"Baseline", "p.3"}}));
}

TEST_F(RunnerTest, AnAnswerThatDiffersFailsTheStage) {
    here.answer = {{"a", 1}};
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kFailed);
    EXPECT_EQ(execution.reason, "1 of 1 case failed; f a.json: the answer: a was not expected");
    EXPECT_EQ(execution.stages[2].state, StageState::kFailed);
}

TEST_F(RunnerTest, AnAbortDuringTheBakeIsNoticed) {
    during_pause = [this] {
        during_pause = nullptr;
        (void)apply(execution, {.event = ExecutionEvent::kAbort}, clock.wall_now());
    };
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kAborted);
    EXPECT_EQ(count("there PUT /2015-03-31/functions/f/code"), 0U);
    EXPECT_EQ(count("Fail"), 0U);
}

TEST_F(RunnerTest, WhatWasTestedIsDeployedOrNothing) {
    define(R"(version: 1
stages:
  - build: {code: {folder: src, method: makefile}}
  - approve:
  - deploy: {functions: {f: code}}
)");
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.stages[0].output["code"]["CodeSha256"], crypto::sha256_base64("built src"));
    auto const waiting = execution;
    ASSERT_TRUE(apply(execution, {.event = ExecutionEvent::kApprove}, clock.wall_now()));
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kSucceeded) << execution.reason;
    // The runner after the approval builds again; what comes out different was tested by nobody.
    execution = waiting;
    ASSERT_TRUE(apply(execution, {.event = ExecutionEvent::kApprove}, clock.wall_now()));
    built = "another ";
    calls.clear();
    ASSERT_TRUE(run());
    EXPECT_EQ(execution.state, ExecutionState::kFailed);
    EXPECT_TRUE(execution.reason.contains("not reproducible")) << execution.reason;
    EXPECT_EQ(count("here PUT /2015-03-31/functions/f/code"), 0U);
}

TEST_F(RunnerTest, WhatSomebodyElseRunsIsLeftAlone) {
    execution.state = ExecutionState::kRunning;
    auto const done = run();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::kResourceConflict);
    EXPECT_EQ(calls, std::vector<std::string>{"Begin"});
}

}  // namespace
}  // namespace meridian::pipeline
