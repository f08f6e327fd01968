#include "io/task_scope.h"

#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace meridian::io {
namespace {

class CollectingLog final : public Log {
  public:
    void write(LogLevel, std::string_view message,
               std::initializer_list<LogField> fields) override {
        lines.push_back(std::string(message) + ": " + fields.begin()->value);
    }
    std::vector<std::string> lines;
};

Task<> wait_for_ever(asio::any_io_executor executor, bool& ended) {
    asio::steady_timer timer(executor, std::chrono::hours(1));
    auto [error] = co_await timer.async_wait(kNoThrow);
    ended = true;
    if (error) co_return fail(Errc::kCancelled, "cancelled");
    co_return Result<void>{};
}

Task<> fail_now() { co_return fail(Errc::kIo, "disk"); }
Task<> throw_now() {
    throw std::runtime_error("bug");
    co_return Result<void>{};
}

TEST(TaskScope, StopCancelsAndJoinsEveryChild) {
    asio::io_context context;
    CollectingLog log;
    TaskScope scope(context.get_executor(), log);
    bool first = false, second = false, joined = false;
    scope.spawn("first", wait_for_ever(context.get_executor(), first));
    scope.spawn("second", wait_for_ever(context.get_executor(), second));
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            co_await scope.stop();
            joined = true;
        },
        [](std::exception_ptr e) { EXPECT_FALSE(e); });
    context.run();
    EXPECT_TRUE(first && second && joined);
    EXPECT_EQ(scope.running(), 0U);
    EXPECT_TRUE(log.lines.empty());
}

TEST(TaskScope, ReportsErrorsAndExceptions) {
    asio::io_context context;
    CollectingLog log;
    TaskScope scope(context.get_executor(), log);
    scope.spawn("a", fail_now());
    scope.spawn("b", throw_now());
    context.run();
    EXPECT_EQ(log.lines,
              (std::vector<std::string>{"background work failed: a", "background work threw: b"}));
}

}  // namespace
}  // namespace meridian::io
