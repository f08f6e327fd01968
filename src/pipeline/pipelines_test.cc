#include "pipeline/pipelines.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "io/sleep.h"
#include "pipeline/fakes.h"
#include "store/memory_store.h"

namespace meridian::pipeline {
namespace {

using State = ExecutionState;

model::AccountId const kAccount{"123456789012"};
std::string const kFirst(40, 'a');
std::string const kSecond(40, 'b');
constexpr char kGatedDefinition[] =
    "version: 1\nstages:\n  - build: {f: .}\n  - approve:\n  - approve:\n    name: again\n";

struct PipelinesTest : ::testing::Test {
    PipelinesTest() {
        sources.files[kFirst + "/pipeline.yaml"] = kGatedDefinition;
        sources.files[kSecond + "/pipeline.yaml"] = kGatedDefinition;
        restart();
    }
    ~PipelinesTest() override { stop(); }

    // As a region that ends and begins on the same store.
    void restart() {
        stop();
        pipelines = std::make_unique<Pipelines>(Pipelines::Parts{.store = store,
                                                                 .sources = sources,
                                                                 .runners = runners,
                                                                 .clock = clock,
                                                                 .log = log,
                                                                 .executor = context.get_executor(),
                                                                 .runner_pause = {}});
    }
    void stop() {
        if (!pipelines) return;
        asio::co_spawn(
            context,
            [](Pipelines& ending) -> asio::awaitable<void> { co_await ending.stop(); }(*pipelines),
            [](std::exception_ptr exception) { EXPECT_FALSE(exception); });
        settle();
        pipelines.reset();
    }
    void settle() {
        context.restart();
        context.run();
    }
    template <typename T>
    Result<T> outcome(io::Task<T> task) {
        std::optional<Result<T>> result;
        asio::co_spawn(context, std::move(task), [&](std::exception_ptr exception, Result<T> got) {
            if (exception) std::rethrow_exception(exception);
            result = std::move(got);
        });
        settle();
        return std::move(*result);
    }
    template <typename T>
    T must(io::Task<T> task) {
        auto result = outcome(std::move(task));
        if (!result) throw std::runtime_error(result.error().message);
        return std::move(*result);
    }
    void push(std::string const& commit) {
        sources.heads["shop/main"] = {commit, {"arn:u", "AIDA"}};
        pipelines->on_pushed(kAccount, "shop");
        settle();
    }
    Execution execution(std::uint64_t number) {
        return must(pipelines->execution({kAccount, "p", number}));
    }
    io::Task<> tell(std::string pipeline, std::uint64_t number, Report report) {
        auto const done = co_await pipelines->update(
            "arn", {kAccount, pipeline, number},
            [report](Execution& one, WallTime at) { return apply(one, report, at); });
        if (!done) co_return std::unexpected(done.error());
        co_return Result<void>{};
    }
    // A runner that comes to the approval, by way of the stage before it.
    io::Task<> run_to_approval(Execution one) {
        MERIDIAN_CO_CHECK(co_await tell(one.pipeline, one.number, {.event = Event::kBegin}));
        auto const step = [&](Pipelines::ExecutionChange change) -> io::Task<> {
            auto const done = co_await pipelines->update(
                "arn", {kAccount, one.pipeline, one.number}, std::move(change));
            if (!done) co_return std::unexpected(done.error());
            co_return Result<void>{};
        };
        if (one.next_stage() == 0) {
            MERIDIAN_CO_CHECK(
                co_await step([](Execution& e, WallTime at) { return begin_stage(e, 0, at); }));
            MERIDIAN_CO_CHECK(co_await step([](Execution& e, WallTime at) {
                return end_stage(e, 0, {{"f", 1}}, "built", at);
            }));
        }
        co_return co_await tell(one.pipeline, one.number, {.event = Event::kWait});
    }
    void runners_come_to_the_approval() {
        runners.behaviour = [this](Execution const& one) { return run_to_approval(one); };
    }

    using Event = ExecutionEvent;
    asio::io_context context{1};
    ManualClock clock{WallTime{std::chrono::seconds(1'700'000'000)}};
    NullLog log;
    store::MemoryStore store{clock};
    FakeSources sources;
    FakeRunners runners;
    std::unique_ptr<Pipelines> pipelines;
    Pipelines::Who const who{kAccount, {"arn:u", "AIDA"}};
};

TEST_F(PipelinesTest, APushStartsOneExecutionOfItsCommit) {
    runners_come_to_the_approval();
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    EXPECT_TRUE(runners.begun.empty());  // there is no branch yet
    push(kFirst);
    push(kFirst);
    EXPECT_EQ(runners.begun, std::vector<std::string>{"p:1"});
    auto const first = execution(1);
    EXPECT_EQ(first.state, State::kWaiting);
    EXPECT_EQ(first.commit, kFirst);
    EXPECT_EQ(first.by.arn, "arn:u");
    EXPECT_EQ(first.stages[0].output, nlohmann::json({{"f", 1}}));
    pipelines->on_pushed(kAccount, "other");
    push(kSecond);
    EXPECT_EQ(must(pipelines->executions(kAccount, "p")).front().commit, kSecond);
    EXPECT_EQ(runners.begun.size(), 2U);
}

TEST_F(PipelinesTest, AnApprovalGoesOnAfterARestart) {
    runners_come_to_the_approval();
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    push(kFirst);
    restart();
    ASSERT_TRUE(outcome(pipelines->resume()));
    EXPECT_EQ(execution(1).state, State::kWaiting);
    EXPECT_EQ(runners.begun.size(), 1U);
    ASSERT_TRUE(outcome(tell("p", 1, {.event = Event::kApprove})));
    EXPECT_EQ(runners.begun.size(), 2U);
    EXPECT_EQ(execution(1).next_stage(), 2U);
    EXPECT_EQ(execution(1).state, State::kWaiting);  // at the second
    ASSERT_TRUE(outcome(tell("p", 1, {.event = Event::kReject})));
    EXPECT_EQ(execution(1).state, State::kRejected);
    EXPECT_FALSE(outcome(tell("p", 1, {.event = Event::kApprove})));
}

TEST_F(PipelinesTest, WhatARestartInterruptedGoesOn) {
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    // The first runner never ends; the region does.
    bool began = false;
    runners.behaviour = [&](Execution one) -> io::Task<> {
        MERIDIAN_CO_CHECK(co_await tell(one.pipeline, one.number, {.event = Event::kBegin}));
        began = true;
        co_return co_await io::sleep_for(std::chrono::hours(1));
    };
    sources.heads["shop/main"] = {kFirst, {"arn:u", "AIDA"}};
    pipelines->on_pushed(kAccount, "shop");
    context.restart();
    while (!began) context.run_one();
    stop();
    runners_come_to_the_approval();
    restart();
    ASSERT_TRUE(outcome(pipelines->resume()));
    EXPECT_EQ(execution(1).state, State::kWaiting);
    EXPECT_EQ(execution(1).commit, kFirst);
}

TEST_F(PipelinesTest, AMissedPushIsNoticedAtTheNextStart) {
    runners_come_to_the_approval();
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    sources.heads["shop/main"] = {kFirst, {"arn:u", "AIDA"}};  // and the region is killed
    restart();
    ASSERT_TRUE(outcome(pipelines->resume()));
    EXPECT_EQ(execution(1).commit, kFirst);
    restart();
    ASSERT_TRUE(outcome(pipelines->resume()));
    EXPECT_EQ(must(pipelines->executions(kAccount, "p")).size(), 1U);
}

TEST_F(PipelinesTest, LostRunnersAreReplacedAFewTimes) {
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    runners.behaviour = [](Execution) -> io::Task<> { co_return Result<void>{}; };
    push(kFirst);
    EXPECT_EQ(runners.begun.size(), static_cast<std::size_t>(kLostRunnersMax) + 1);
    EXPECT_EQ(execution(1).state, State::kFailed);
    EXPECT_EQ(execution(1).reason, "its runner ended without a result");
    runners.begun.clear();
    runners.behaviour = [](Execution) -> io::Task<> {
        co_return fail(Errc::kAccessDenied, "who started it is gone");
    };
    push(kSecond);
    EXPECT_EQ(runners.begun.size(), 1U);
    EXPECT_EQ(execution(2).reason, "who started it is gone");
}

TEST_F(PipelinesTest, ACommitWithoutAGoodDefinitionFailsAtOnce) {
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    sources.files.erase(kFirst + "/pipeline.yaml");
    push(kFirst);
    EXPECT_EQ(execution(1).state, State::kFailed);
    EXPECT_EQ(execution(1).reason, "The commit has no pipeline.yaml.");
    sources.files[kSecond + "/pipeline.yaml"] = "version: 1\nstages: 1\n";
    push(kSecond);
    EXPECT_EQ(execution(2).reason, "pipeline.yaml:2:9: stages is a list with something in it.");
    EXPECT_TRUE(runners.begun.empty());
}

TEST_F(PipelinesTest, ManyExecutionsKeepTheNewest) {
    runners.behaviour = [this](Execution const& one) {
        return tell(one.pipeline, one.number, {.event = Event::kAbort});
    };
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    for (std::size_t i = 0; i < kExecutionsKeptMax + 5; ++i)
        must(pipelines->start(who, "p", kFirst));
    auto const kept = must(pipelines->executions(kAccount, "p"));
    EXPECT_EQ(kept.size(), kExecutionsKeptMax);
    EXPECT_EQ(kept.front().number, kExecutionsKeptMax + 5);
    ASSERT_TRUE(outcome(pipelines->remove(who, "p")));
    EXPECT_FALSE(outcome(pipelines->executions(kAccount, "p")));
}

TEST_F(PipelinesTest, NamesWhatIsNotThere) {
    EXPECT_EQ(outcome(pipelines->get(kAccount, "p")).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(outcome(pipelines->start(who, "p", "")).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(outcome(pipelines->execution({kAccount, "p", 1})).error().code,
              Errc::kResourceNotFound);
    must(pipelines->create(who, {.name = "p", .repository = "shop", .branch = "main"}));
    EXPECT_EQ(outcome(pipelines->create(who, {.name = "p", .repository = "x", .branch = "main"}))
                  .error()
                  .code,
              Errc::kResourceConflict);
    EXPECT_EQ(outcome(pipelines->start(who, "p", "")).error().code, Errc::kInvalidParameterValue);
    runners_come_to_the_approval();
    push(kFirst);
    EXPECT_EQ(outcome(pipelines->remove(who, "p")).error().code, Errc::kResourceConflict);
}

}  // namespace
}  // namespace meridian::pipeline
