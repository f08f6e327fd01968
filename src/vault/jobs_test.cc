#include "vault/jobs.h"

#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/system_random.h"
#include "io/all.h"
#include "io/sleep.h"
#include "io/system_clock.h"
#include "vault/unless_stopped.h"
#include "vault/vault_test_support.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

model::AccountId const kOwner("123456789012");
model::AccountId const kStranger("210987654321");

class JobsTest : public testing::Test {
  protected:
    JobsTest() { open(); }
    ~JobsTest() override { close(); }

    void open() {
        jobs_ = Jobs::open({.directory = folder_.path() / "jobs",
                            .executor = context_.get_executor(),
                            .pool = pool_,
                            .key = key_,
                            .clock = clock_,
                            .random = random_,
                            .log = log_})
                    .value();
    }
    // As a stop of the process does it.
    void close() {
        if (!jobs_) return;
        run([](Jobs& jobs) -> io::Task<> {
            co_await jobs.stop();
            co_return Result<void>{};
        }(*jobs_))
            .value();
        jobs_.reset();
    }
    void reopen() {
        close();
        open();
    }

    template <typename T>
    Result<T> run(io::Task<T> task) {
        std::optional<Result<T>> out;
        asio::co_spawn(context_, std::move(task),
                       [&](std::exception_ptr exception, Result<T> result) {
                           if (exception) std::rethrow_exception(exception);
                           out = std::move(result);
                       });
        context_.restart();
        while (!out) context_.run_one();
        return std::move(*out);
    }

    Job start(JobKind kind = JobKind::kVerify, json request = {{"Level", "hash"}}) {
        return run(jobs_->start(
                       {kind, kOwner, "arn:aws:iam::123456789012:user/alice", std::move(request)}))
            .value();
    }
    Job over(std::string const& id) {
        return run(jobs_->wait(kOwner, id, std::chrono::seconds(20))).value().job;
    }

    static io::Task<json> answer(Job job, std::shared_ptr<Progress> progress) {
        progress->begin("packages", 3);
        progress->step(3);
        co_return json{{"Starts", job.starts}, {"Asked", job.request}};
    }
    static io::Task<json> wait_for_ever(Job, std::shared_ptr<Progress> progress) {
        progress->begin("packages", 4);
        progress->step();
        MERIDIAN_CO_CHECK(co_await io::sleep_for(std::chrono::hours(1)));
        co_return json::object();
    }

    static io::Task<json> step_until_stopped(Job, std::shared_ptr<Progress> progress) {
        progress->begin("packages", 4);
        progress->step();
        while (progress->go_on()) {
            MERIDIAN_CO_CHECK(co_await io::sleep_for(std::chrono::milliseconds(1)));
        }
        co_return std::unexpected(progress->go_on().error());
    }
    static io::Task<int> quick() { co_return 7; }

    asio::io_context context_;
    io::BlockingPool pool_{{}};
    io::SystemClock clock_;
    crypto::SystemRandom random_;
    NullLog log_;
    crypto::AeadKey key_{1, 2, 3};
    TestFolder folder_;
    std::unique_ptr<Jobs> jobs_;
};

TEST_F(JobsTest, AJobRunsWithoutItsCallerAndIsRemembered) {
    jobs_->begin(answer);
    auto const job = start();
    EXPECT_TRUE(is_job_id(job.id)) << job.id;
    EXPECT_EQ(job.state, JobState::kRunning);
    auto const done = over(job.id);
    EXPECT_EQ(done.state, JobState::kSucceeded);
    EXPECT_EQ(done.result, (json{{"Starts", 1}, {"Asked", {{"Level", "hash"}}}}));
    reopen();
    jobs_->begin(wait_for_ever);
    EXPECT_EQ(over(job.id).result, done.result);
    ASSERT_EQ(jobs_->list(kOwner).size(), 1U);
}

TEST_F(JobsTest, OneThatWasInterruptedBeginsAgain) {
    jobs_->begin(wait_for_ever);
    auto const job = start(JobKind::kRestore, {{"Baseline", "v1"}});
    auto const shown = run(jobs_->wait(kOwner, job.id, std::chrono::milliseconds(50))).value();
    EXPECT_EQ(shown.job.state, JobState::kRunning);
    EXPECT_EQ(shown.progress.doing, "packages");
    EXPECT_EQ(shown.progress.done, 1U);
    EXPECT_EQ(shown.progress.total, 4U);
    reopen();
    EXPECT_EQ(jobs_->find(kOwner, job.id).value().job.state, JobState::kRunning);
    jobs_->begin(answer);
    auto const done = over(job.id);
    EXPECT_EQ(done.state, JobState::kSucceeded);
    EXPECT_EQ(done.result, (json{{"Starts", 2}, {"Asked", {{"Baseline", "v1"}}}}));
}

TEST_F(JobsTest, OneThatEndsTheProcessEachTimeIsGivenUp) {
    jobs_->begin(wait_for_ever);
    auto const job = start();
    for (std::uint32_t n = 1; n < kJobStartsMax; ++n) {
        reopen();
        jobs_->begin(wait_for_ever);
        EXPECT_EQ(run(jobs_->wait(kOwner, job.id, std::chrono::milliseconds(50))).value().job.state,
                  JobState::kRunning);
    }
    reopen();
    jobs_->begin(answer);
    auto const done = over(job.id);
    EXPECT_EQ(done.state, JobState::kFailed);
    EXPECT_EQ(done.error, "It was interrupted 10 times.");
}

TEST_F(JobsTest, OneThatIsCancelledStopsAtItsNextStepAndNeverBeginsAgain) {
    bool may_end = false;
    jobs_->begin([&may_end](Job job, std::shared_ptr<Progress> progress) -> io::Task<json> {
        auto stopped = co_await step_until_stopped(std::move(job), progress);
        while (!may_end) {
            MERIDIAN_CO_CHECK(co_await io::sleep_for(std::chrono::milliseconds(1)));
        }
        co_return stopped;
    });
    auto const id = start(JobKind::kRestore).id;
    EXPECT_EQ(run(jobs_->cancel({kOwner, id, "arn:bob"})).value().cancelled_by, "arn:bob");
    // A second wish changes nothing.
    EXPECT_EQ(run(jobs_->cancel({kOwner, id, "arn:carol"})).value().cancelled_by, "arn:bob");
    may_end = true;
    auto const done = over(id);
    EXPECT_EQ(done.state, JobState::kCancelled);
    EXPECT_EQ(done.error, "It was cancelled by arn:bob at 1/4 packages.");
    EXPECT_TRUE(done.ended.has_value());
    auto const late = run(jobs_->cancel({kOwner, id, "arn:bob"}));
    EXPECT_EQ(late.error().code, Errc::kResourceConflict);
    EXPECT_EQ(late.error().message, "The job " + id + " is over already: Cancelled.");
    reopen();
    jobs_->begin(answer);
    EXPECT_EQ(over(id).state, JobState::kCancelled);
    EXPECT_EQ(over(id).error, done.error);
}

TEST_F(JobsTest, OneThatWasToStopWhenTheProcessDidIsCancelledAtTheNextStart) {
    jobs_->begin(wait_for_ever);
    auto const id = start(JobKind::kVerify).id;
    run(jobs_->cancel({kOwner, id, "arn:bob"})).value();
    EXPECT_EQ(jobs_->find(kOwner, id).value().job.state, JobState::kRunning);
    reopen();
    jobs_->begin(answer);
    auto const done = over(id);
    EXPECT_EQ(done.state, JobState::kCancelled);
    EXPECT_EQ(done.error, "It was cancelled by arn:bob.");
}

TEST_F(JobsTest, OneThatEndsBeforeItCouldStopIsWhatItIs) {
    jobs_->begin([](Job, std::shared_ptr<Progress> progress) -> io::Task<json> {
        MERIDIAN_CO_CHECK(co_await progress->stopped());
        co_return json{{"Made", true}};
    });
    auto const id = start(JobKind::kBackup).id;
    run(jobs_->cancel({kOwner, id, "arn:bob"})).value();
    EXPECT_EQ(over(id).state, JobState::kSucceeded);
    EXPECT_EQ(run(jobs_->cancel({kOwner, id, "arn:bob"})).error().message,
              "The job " + id + " is over already: Succeeded.");
}

TEST_F(JobsTest, NobodyElseCancelsIt) {
    jobs_->begin(step_until_stopped);
    auto const id = start().id;
    EXPECT_EQ(run(jobs_->cancel({kStranger, id, "arn"})).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(run(jobs_->cancel({kOwner, "j-000000000", "arn"})).error().code,
              Errc::kResourceNotFound);
    EXPECT_EQ(jobs_->find(kOwner, id).value().job.cancelled_by, "");
}

TEST_F(JobsTest, AWaitThatMayBeGivenUpEndsWithTheWork) {
    Progress progress(clock_);
    EXPECT_EQ(run(unless_stopped(progress, quick())).value(), 7);
    run([](Progress& progress) -> io::Task<> {
        std::vector<io::Task<>> both;
        both.push_back([](Progress& progress) -> io::Task<> {
            auto const given_up =
                co_await unless_stopped(progress, io::sleep_for(std::chrono::hours(1)));
            EXPECT_EQ(given_up.error().code, Errc::kCancelled);
            co_return Result<void>{};
        }(progress));
        both.push_back([](Progress& progress) -> io::Task<> {
            progress.stop();
            co_return Result<void>{};
        }(progress));
        co_return co_await io::all(std::move(both));
    }(progress))
        .value();
    // It is not even begun.
    EXPECT_EQ(run(unless_stopped(progress, quick())).error().code, Errc::kCancelled);
}

TEST_F(JobsTest, AFailureSaysWhy) {
    jobs_->begin([](Job, std::shared_ptr<Progress>) -> io::Task<json> {
        co_return fail(Errc::kResourceNotFound, "There is no baseline v9.");
    });
    auto const done = over(start().id);
    EXPECT_EQ(done.state, JobState::kFailed);
    EXPECT_EQ(done.error, "There is no baseline v9.");
    EXPECT_TRUE(done.ended.has_value());
}

TEST_F(JobsTest, OneThatThrowsHasFailed) {
    jobs_->begin([](Job, std::shared_ptr<Progress>) -> io::Task<json> {
        throw std::runtime_error("a bug");
        co_return json::object();
    });
    auto const done = over(start().id);
    EXPECT_EQ(done.state, JobState::kFailed);
    EXPECT_EQ(done.error, "a bug");
}

TEST_F(JobsTest, RequestsAreSealedOnDisk) {
    jobs_->begin(wait_for_ever);
    auto const job = start(JobKind::kRestore, {{"RecoveryKey", "meridian-recovery-secret"}});
    auto const file = folder_.path() / "jobs" / (job.id + ".json");
    EXPECT_THAT(read_file(file), testing::Not(testing::HasSubstr("meridian-recovery")));
    EXPECT_EQ(std::filesystem::status(file).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(JobsTest, AnotherAccountSeesNothingOfIt) {
    jobs_->begin(answer);
    auto const job = start();
    EXPECT_EQ(jobs_->find(kStranger, job.id).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(run(jobs_->wait(kStranger, job.id, {})).error().code, Errc::kResourceNotFound);
    EXPECT_TRUE(jobs_->list(kStranger).empty());
}

TEST_F(JobsTest, TooManyAtOnceAreRefused) {
    jobs_->begin(wait_for_ever);
    for (std::size_t n = 0; n < kJobsRunningMax; ++n) start();
    auto const refused = run(jobs_->start({JobKind::kBackup, kOwner, "arn", json::object()}));
    EXPECT_EQ(refused.error().code, Errc::kTooManyRequests);
    EXPECT_EQ(jobs_->list(kOwner).size(), kJobsRunningMax);
}

TEST_F(JobsTest, OldOnesAreForgotten) {
    close();
    for (std::size_t n = 0; n < kJobsKept; ++n) {
        Job const old{.id = fmt::format("j-{:09}", n),
                      .kind = JobKind::kVerify,
                      .account = kOwner,
                      .request = json::object(),
                      .began = WallTime{std::chrono::seconds(n)},
                      .state = JobState::kSucceeded};
        write_file(folder_.path() / "jobs" / (old.id + ".json"), format_job(old, key_, random_));
    }
    open();
    jobs_->begin(answer);
    EXPECT_EQ(jobs_->list(kOwner).size(), kJobsKept);
    over(start().id);
    close();
    open();
    EXPECT_EQ(jobs_->list(kOwner).size(), kJobsKept);
    EXPECT_FALSE(jobs_->find(kOwner, "j-000000000"));
    EXPECT_TRUE(jobs_->find(kOwner, "j-000000001"));
}

TEST_F(JobsTest, ADamagedFileIsLeftAlone) {
    jobs_->begin(answer);
    auto const job = start();
    over(job.id);
    close();
    auto const file = folder_.path() / "jobs" / (job.id + ".json");
    auto text = read_file(file);
    write_file(file, text.substr(0, text.size() / 2));
    open();
    EXPECT_TRUE(jobs_->list(kOwner).empty());
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Job, AFileOfAnotherKeyOrFormatIsNone) {
    crypto::SystemRandom random;
    crypto::AeadKey const key{1}, other{2};
    Job const job{.id = "j-0123456AZ",
                  .kind = JobKind::kBackup,
                  .account = kOwner,
                  .by = "arn",
                  .request = {{"Message", "m"}},
                  .began = WallTime{std::chrono::seconds(5)},
                  .starts = 3,
                  .state = JobState::kFailed,
                  .ended = WallTime{std::chrono::seconds(6)},
                  .error = "why"};
    auto const text = format_job(job, key, random);
    EXPECT_EQ(parse_job(text, key).value(), job);
    // Format 1 is read as it was written.
    auto first = json::parse(text);
    first["format"] = 1;
    EXPECT_EQ(parse_job(first.dump(), key).value(), job);
    auto cancelled = job;
    cancelled.state = JobState::kCancelled;
    cancelled.cancelled_by = "arn:bob";
    EXPECT_EQ(parse_job(format_job(cancelled, key, random), key).value(), cancelled);
    first["state"] = "Cancelled";
    EXPECT_EQ(parse_job(first.dump(), key).error().code, Errc::kCorrupt);
    EXPECT_EQ(parse_job(text, other).error().code, Errc::kCorrupt);
    for (auto const& [member, value] :
         std::vector<std::pair<char const*, json>>{{"format", 3},
                                                   {"kind", "Dance"},
                                                   {"state", 1},
                                                   {"id", "../x"},
                                                   {"request", "%"},
                                                   {"began_ms", "now"},
                                                   {"id", "j-0123456AB"}}) {
        auto changed = json::parse(text);
        changed[member] = value;
        EXPECT_EQ(parse_job(changed.dump(), key).error().code, Errc::kCorrupt) << member;
    }
    EXPECT_EQ(parse_job("[]", key).error().code, Errc::kCorrupt);
    for (auto const* const id :
         {"", "j-", "j-0123456A", "j-0123456AZZ", "k-0123456AZ", "j-0123456az"})
        EXPECT_FALSE(is_job_id(id)) << id;
}

}  // namespace
}  // namespace meridian::vault
