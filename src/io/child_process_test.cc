#include "io/child_process.h"

#include <csignal>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "io/unique_fd.h"

namespace meridian::io {
namespace {

using namespace std::chrono_literals;

struct ChildProcessTest : ::testing::Test {
    template <typename Body>
    void run(Body body) {
        bool done = false;
        asio::co_spawn(context, body(), [&](std::exception_ptr exception, Result<void> result) {
            if (exception) std::rethrow_exception(exception);
            EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
            done = true;
        });
        context.run();
        EXPECT_TRUE(done);
    }
    Result<ProcessResult> shell(std::string script, std::size_t output_bytes_max = 1 << 20,
                                std::chrono::milliseconds time_max = 20s) {
        Result<ProcessResult> result;
        run([&]() -> Task<> {
            result = co_await run_process({.arguments = {"/bin/sh", "-c", script},
                                           .environment = {"PATH=/usr/bin:/bin", "A=1 2"},
                                           .time_max = time_max},
                                          output_bytes_max);
            co_return Result<void>{};
        });
        context.restart();
        return result;
    }

    asio::io_context context{1};
};

TEST_F(ChildProcessTest, GivesOutputErrorsAndStatus) {
    auto const result = shell("echo out; echo err >&2; exit 3").value();
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.errors, "err\n");
    EXPECT_EQ(result.status, 3);
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(shell("kill -TERM $$").value().status, 128 + SIGTERM);
}

TEST_F(ChildProcessTest, StartsWithNothingOfOurs) {
    ::setenv("MERIDIAN_SECRET", "s", 1);
    UniqueFd const open_file(::open("/dev/zero", O_RDONLY));  // without close-on-exec
    ASSERT_TRUE(open_file.valid());
    auto const result = shell("env | grep -v ^PWD= | grep -v ^_= | sort; pwd; cat").value();
    EXPECT_EQ(result.output, "A=1 2\nPATH=/usr/bin:/bin\n/\n");
    run([&]() -> Task<> {
        auto const files = co_await run_process({.arguments = {"/bin/ls", "/proc/self/fd"}}, 100);
        EXPECT_EQ(files.value().output, "0\n1\n2\n3\n");  // the last is the folder that ls reads
        co_return Result<void>{};
    });
    ::unsetenv("MERIDIAN_SECRET");
}

TEST_F(ChildProcessTest, ReadsAGivenDescriptorFromItsOffset) {
    std::string const path = testing::TempDir() + "child-process-input";
    std::ofstream(path) << "first\nsecond\n";
    UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::lseek(file.get(), 6, SEEK_SET), 6);
    run([&]() -> Task<> {
        auto const result =
            co_await run_process({.arguments = {"/bin/cat"}, .input = file.get()}, 100);
        EXPECT_EQ(result.value().output, "second\n");
        co_return Result<void>{};
    });
}

TEST_F(ChildProcessTest, KillsAGroupThatIsTooSlowOrTooLoud) {
    auto const late = shell("sleep 60 & sleep 60", 100, 50ms);
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, Errc::kDeadlineExceeded);
    auto const loud = shell("cat /dev/zero", 100'000);
    ASSERT_FALSE(loud.has_value());
    EXPECT_EQ(loud.error().code, Errc::kRequestTooLarge);
    auto const noisy = shell("head -c 1000000 /dev/zero >&2; echo done").value();
    EXPECT_EQ(noisy.output, "done\n");
    EXPECT_EQ(noisy.errors.size(), kProcessErrorBytesMax);
}

TEST_F(ChildProcessTest, LeavesNobodyBehind) {
    auto const result = shell("sleep 60 >/dev/null 2>&1 & echo $!").value();
    auto const orphan = std::stoi(result.output);
    // It was killed with its group; whoever reaps it may take a moment.
    for (int i = 0; i < 200 && ::kill(orphan, 0) == 0; ++i) {
        std::ifstream stat("/proc/" + std::to_string(orphan) + "/stat");
        std::string const line(std::istreambuf_iterator<char>(stat), {});
        if (line.find(") Z ") != std::string::npos) return;
        ::usleep(10'000);
    }
    EXPECT_NE(::kill(orphan, 0), 0);
}

TEST_F(ChildProcessTest, EndsWithItsOwner) {
    run([&]() -> Task<> {
        auto const executor = co_await asio::this_coro::executor;
        int id = 0;
        {
            auto child = ChildProcess::start(executor, {.arguments = {"/bin/sleep", "60"}});
            EXPECT_TRUE(child.has_value());
            id = child->id();
            EXPECT_EQ(::kill(id, 0), 0);
        }
        auto child = ChildProcess::start(
            executor, {.arguments = {"/bin/sh", "-c", "cat; echo alone"}, .lifeline = true});
        EXPECT_TRUE(child.has_value());
        child->end();
        EXPECT_EQ((co_await child->wait()).value(), 128 + SIGTERM);
        auto deaf = ChildProcess::start(
            executor,
            {.arguments = {"/bin/sh", "-c", "trap '' TERM; echo ready; sleep 60; sleep 60"}});
        EXPECT_TRUE(deaf.has_value());
        EXPECT_EQ((co_await deaf->read()).value(), "ready\n");
        deaf->end();
        EXPECT_EQ((co_await deaf->wait()).value(), 128 + SIGKILL);
        co_return Result<void>{};
    });  // returns when the first was reaped
}

TEST_F(ChildProcessTest, SaysWhatCannotBeRun) {
    auto const missing = ChildProcess::start(context.get_executor(), {.arguments = {"/no/such"}});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code, Errc::kIo);
    EXPECT_EQ(missing.error().message, "cannot run /no/such: No such file or directory");
}

}  // namespace
}  // namespace meridian::io
