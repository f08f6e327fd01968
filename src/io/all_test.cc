#include "io/all.h"

#include <optional>
#include <stdexcept>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

Task<> after(std::chrono::milliseconds time, std::vector<int>& ended, int number,
             Result<void> outcome = {}) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    auto [error] = co_await timer.async_wait(kNoThrow);
    ended.push_back(error ? -number : number);
    if (error) co_return fail(Errc::kCancelled, "cancelled");
    co_return outcome;
}

Task<> throw_a_bug() {
    throw std::runtime_error("bug");
    co_return Result<void>{};
}

class AllTest : public testing::Test {
  protected:
    std::optional<Result<void>> run(std::vector<Task<>> tasks) {
        std::optional<Result<void>> out;
        asio::co_spawn(context, all(std::move(tasks)),
                       [&](std::exception_ptr exception, Result<void> result) {
                           if (!exception) out = std::move(result);
                       });
        context.run();
        return out;
    }
    asio::io_context context;
    std::vector<int> ended;
};

TEST_F(AllTest, RunsThemSideBySide) {
    std::vector<Task<>> tasks;
    tasks.push_back(after(std::chrono::milliseconds(20), ended, 1));
    tasks.push_back(after(std::chrono::milliseconds(1), ended, 2));
    EXPECT_TRUE(run(std::move(tasks)).value());
    EXPECT_EQ(ended, (std::vector<int>{2, 1}));
}

TEST_F(AllTest, LanesShareWhatThereIsToDo) {
    int next = 1;
    auto const lane = [&]() -> Task<> {
        while (next <= 5) {
            auto const done = co_await after(std::chrono::milliseconds(1), ended, next++);
            if (!done) co_return done;
        }
        co_return Result<void>{};
    };
    std::optional<Result<void>> out;
    asio::co_spawn(context, in_lanes(2, lane),
                   [&](std::exception_ptr, Result<void> result) { out = std::move(result); });
    context.run();
    EXPECT_TRUE(out.value());
    EXPECT_EQ(ended.size(), 5U);
}

TEST_F(AllTest, GivesTheFirstErrorWhenAllHaveEnded) {
    std::vector<Task<>> tasks;
    tasks.push_back(after(std::chrono::milliseconds(20), ended, 1, fail(Errc::kIo, "first")));
    tasks.push_back(after(std::chrono::milliseconds(1), ended, 2, fail(Errc::kIo, "second")));
    tasks.push_back(after(std::chrono::milliseconds(30), ended, 3));
    EXPECT_EQ(run(std::move(tasks)).value().error().message, "first");
    EXPECT_EQ(ended, (std::vector<int>{2, 1, 3}));
}

TEST_F(AllTest, NoneIsDoneAtOnceAndAnExceptionGoesOn) {
    EXPECT_TRUE(run({}).value());
    context.restart();
    std::vector<Task<>> tasks;
    tasks.push_back(throw_a_bug());
    tasks.push_back(after(std::chrono::milliseconds(1), ended, 1));
    EXPECT_FALSE(run(std::move(tasks)).has_value());
    EXPECT_EQ(ended, std::vector<int>{1});
}

TEST_F(AllTest, CancellingItCancelsEach) {
    std::vector<Task<>> tasks;
    tasks.push_back(after(std::chrono::hours(1), ended, 1));
    tasks.push_back(after(std::chrono::hours(1), ended, 2));
    asio::cancellation_signal signal;
    std::optional<Result<void>> out;
    asio::co_spawn(context, all(std::move(tasks)),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](std::exception_ptr exception, Result<void> result) {
                           EXPECT_FALSE(exception);
                           out = std::move(result);
                       }));
    asio::steady_timer soon(context, std::chrono::milliseconds(5));
    soon.async_wait([&](auto) { signal.emit(asio::cancellation_type::terminal); });
    context.run();
    EXPECT_EQ(ended, (std::vector<int>{-1, -2}));
    EXPECT_EQ(out.value().error().code, Errc::kCancelled);
}

}  // namespace
}  // namespace meridian::io
