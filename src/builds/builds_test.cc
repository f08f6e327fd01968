// A region's builds against a fake sandbox: the step is a function of the test's.

#include "builds/builds.h"

#include <csignal>
#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "builds/tar_test_support.h"
#include "crypto/sha256.h"
#include "sandbox/fake_sandbox.h"

namespace meridian::builds {
namespace {

using sandbox::ExitStatus;
using sandbox::FakeSandbox;

class NoLog final : public Log {
  public:
    void write(LogLevel level, std::string_view message, std::initializer_list<LogField>) override {
        if (level == LogLevel::kError) errors.emplace_back(message);
    }
    std::vector<std::string> errors;
};

class HostTools final : public ToolSource {
  public:
    [[nodiscard]] Result<Tools> open(std::string const& runtime) const override {
        if (runtime != "python3.11")
            return fail(Errc::kInvalidParameterValue, runtime + " is not installed");
        return Tools{};
    }
};

class MemoryPackages final : public Packages {
  public:
    std::map<std::string, std::string> stored;

    io::Task<io::UniqueFd> open_unpacked(model::CodeSha256) override {
        co_return io::UniqueFd(::open("/", O_PATH | O_DIRECTORY));
    }
    io::Task<model::CodeSha256> put(std::string zip) override {
        auto hash = crypto::sha256_base64(zip);
        stored[hash] = std::move(zip);
        co_return model::CodeSha256(hash);
    }
};

void write_all(io::UniqueFd const& file, std::string_view bytes) {
    ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

class BuildsTest : public testing::Test {
  protected:
    BuildsTest() {
        sandboxes.set_runtime([this](FakeSandbox& sandbox) {
            if (sandbox.starts == 1) return step(sandbox);
            write_all(sandbox.command.telemetry, artifacts);
            sandbox.exit({});
        });
    }

    Builds& builds() {
        if (!builds_) {
            builds_ = std::make_unique<Builds>(
                BuildParts{.executor = context.get_executor(),
                           .pool = pool,
                           .log = log,
                           .sandboxes = sandboxes,
                           .tools = tools,
                           .packages = packages,
                           .directory = std::filesystem::temp_directory_path(),
                           .settings = settings},
                random);
        }
        return *builds_;
    }

    template <typename T>
    T run(asio::awaitable<T> work) {
        std::optional<T> out;
        asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T value) {
            if (e) std::rethrow_exception(e);
            out.emplace(std::move(value));
            context.stop();
        });
        context.restart();
        context.run();
        return std::move(*out);
    }
    void stop() {
        run([](Builds& all) -> asio::awaitable<bool> {
            co_await all.stop();
            co_return true;
        }(builds()));
    }

    std::string submit(std::string runtime = "python3.11") {
        auto const id = builds().submit(
            {.account = account, .logical_id = "App", .runtime = std::move(runtime)});
        EXPECT_TRUE(id);
        return id.value_or("");
    }
    // Follows it to its end.
    BuildNews finish(std::string const& id) {
        BuildNews all;
        for (;;) {
            auto const news = run(builds().news(account, id, all.log_offset));
            EXPECT_TRUE(news) << news.error().message;
            if (!news) return all;
            all.log += news->log;
            all.log_offset = news->log_offset;
            all.state = news->state;
            all.error = news->error;
            all.package = news->package;
            if (is_over(all.state)) return all;
        }
    }

    model::AccountId const account{"123456789012"};
    asio::io_context context{1};
    io::BlockingPool pool{{.threads = 1}};
    NoLog log;
    SeededRandom random{7};
    sandbox::FakeSandboxFactory sandboxes;
    HostTools tools;
    MemoryPackages packages;
    BuildSettings settings;
    std::string artifacts = make_tar({{.name = "./app.py", .bytes = "1"}});
    std::function<void(FakeSandbox&)> step = [](FakeSandbox& sandbox) {
        write_all(sandbox.command.output, "making it\n");
        sandbox.exit({});
    };
    std::unique_ptr<Builds> builds_;
};

TEST_F(BuildsTest, ABuildGivesAPackageAndItsLog) {
    auto const done = finish(submit());
    EXPECT_EQ(done.state, BuildState::kSucceeded) << done.error;
    EXPECT_EQ(done.log, "making it\n");
    EXPECT_TRUE(packages.stored.contains(done.package.value()));
    EXPECT_TRUE(sandboxes.alive().empty());
    stop();
}

TEST_F(BuildsTest, NothingListensInItsSandboxAndNothingIsWorthStealing) {
    step = [](FakeSandbox& sandbox) {
        // They were taken and closed.
        EXPECT_FALSE(sandbox.take_runtime_api_listener().valid());
        EXPECT_FALSE(sandbox.take_region_api_listener().valid());
        EXPECT_FALSE(sandbox.command.telemetry.valid());
        for (auto const& variable : sandbox.command.environment)
            EXPECT_FALSE(variable.starts_with("AWS_")) << variable;
        sandbox.exit({});
    };
    EXPECT_EQ(finish(submit()).state, BuildState::kSucceeded);
    stop();
}

TEST_F(BuildsTest, AFailureSaysWhyAndKeepsTheLog) {
    struct Case {
        ExitStatus status;
        std::string said;
    };
    for (auto const& [status, said] :
         {Case{{.value = 2}, "status 2"}, Case{{.value = 127}, "a program that is not there"},
          Case{{.kind = ExitStatus::Kind::kSignaled, .value = SIGSEGV}, "signal 11"},
          Case{{.kind = ExitStatus::Kind::kSignaled, .value = SIGKILL, .out_of_memory = true},
               "2048 MB of memory"},
          Case{{.kind = ExitStatus::Kind::kLaunchFailed, .value = ENOENT}, "/bin/sh"}}) {
        step = [status](FakeSandbox& sandbox) {
            write_all(sandbox.command.output, "no rule to make target");
            sandbox.exit(status);
        };
        auto const done = finish(submit());
        EXPECT_EQ(done.state, BuildState::kFailed);
        EXPECT_TRUE(done.error.contains(said)) << done.error;
        EXPECT_EQ(done.log, "no rule to make target\n");
    }
    EXPECT_TRUE(log.errors.empty());
    stop();
}

TEST_F(BuildsTest, ARuntimeThatIsNotHereFailsTheBuild) {
    auto const done = finish(submit("ruby3.3"));
    EXPECT_EQ(done.state, BuildState::kFailed);
    EXPECT_EQ(done.error, "ruby3.3 is not installed");
    stop();
}

TEST_F(BuildsTest, ArtifactsThatNoPackageHasFailTheBuild) {
    artifacts = make_tar({{.name = "./l", .type = '2', .target = "/etc/passwd"}});
    EXPECT_TRUE(finish(submit()).error.contains("leads out"));
    artifacts = "no tar";
    EXPECT_EQ(finish(submit()).state, BuildState::kFailed);
    EXPECT_TRUE(packages.stored.empty());
    stop();
}

TEST_F(BuildsTest, TakesNoLongerThanItMay) {
    settings.timeout = 1s;
    step = nullptr;
    sandboxes.set_runtime(nullptr);  // it runs and runs
    auto const done = finish(submit());
    EXPECT_EQ(done.state, BuildState::kFailed);
    EXPECT_TRUE(done.error.contains("longer than 1 seconds")) << done.error;
    EXPECT_TRUE(sandboxes.alive().empty());
    stop();
}

TEST_F(BuildsTest, SomeRunSomeWaitAndTheRestAreRefused) {
    sandboxes.set_runtime(nullptr);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < kRunningBuildsMax + kQueuedBuildsMax; ++i) ids.push_back(submit());
    auto const one_more = builds().submit({.account = account});
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().code, Errc::kTooManyRequests);
    EXPECT_TRUE(builds().cancel(account, ids.back()));
    EXPECT_EQ(finish(ids.back()).state, BuildState::kCancelled);
    EXPECT_TRUE(builds().submit({.account = account}));
    // One that runs gives its place to one that waits.
    EXPECT_TRUE(builds().cancel(account, ids.front()));
    EXPECT_EQ(finish(ids.front()).state, BuildState::kCancelled);
    EXPECT_EQ(sandboxes.created(), static_cast<int>(kRunningBuildsMax) + 1);
    stop();
    EXPECT_TRUE(sandboxes.alive().empty());
    EXPECT_FALSE(builds().submit({.account = account}));
}

TEST_F(BuildsTest, OneThatIsCancelledBeforeItBeginsEnds) {
    sandboxes.set_runtime(nullptr);
    auto const id = submit();
    EXPECT_TRUE(builds().cancel(account, id));
    EXPECT_EQ(finish(id).state, BuildState::kCancelled);
    EXPECT_TRUE(sandboxes.alive().empty());
    stop();
}

TEST_F(BuildsTest, WhatFailsInsideIsForTheLog) {
    sandboxes.fail_next_create({Errc::kIo, "mount of /secret/place", {}});
    auto const done = finish(submit());
    EXPECT_EQ(done.state, BuildState::kFailed);
    EXPECT_FALSE(done.error.contains("/secret")) << done.error;
    sandboxes.fail_next_create({Errc::kUnavailable, "every sandbox slot is in use", {}});
    EXPECT_EQ(finish(submit()).error, "every sandbox slot is in use");
    EXPECT_EQ(log.errors.size(), 2U);
    stop();
}

TEST_F(BuildsTest, OthersDoNotSeeIt) {
    auto const id = submit();
    EXPECT_EQ(finish(id).state, BuildState::kSucceeded);
    model::AccountId const other{"210987654321"};
    EXPECT_EQ(run(builds().news(other, id, 0)).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(builds().cancel(other, id).error().code, Errc::kResourceNotFound);
    EXPECT_EQ(builds().package(other, id).error().code, Errc::kResourceNotFound);
    EXPECT_TRUE(builds().package(account, id));
    stop();
}

TEST_F(BuildsTest, OnlySoManyAreRemembered) {
    auto const first = submit();
    EXPECT_EQ(finish(first).state, BuildState::kSucceeded);
    for (std::size_t i = 0; i < kFinishedBuildsMax; ++i) (void)finish(submit());
    EXPECT_EQ(run(builds().news(account, first, 0)).error().code, Errc::kResourceNotFound);
    stop();
}

TEST_F(BuildsTest, ASandboxThatBreaksDownFailsTheBuildAndIsLogged) {
    step = [](FakeSandbox& sandbox) {
        sandbox.command.output.reset();
        sandbox.break_down();
    };
    EXPECT_EQ(finish(submit()).state, BuildState::kFailed);
    EXPECT_EQ(log.errors.size(), 1U);
    stop();
}

}  // namespace
}  // namespace meridian::builds
