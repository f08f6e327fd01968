#include "io/one_shot.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "io/task_scope.h"

namespace meridian::io {
namespace {

Task<> wait_into(OneShot<int>& shot, std::optional<Result<int>>& seen) {
    seen = co_await shot.wait();
    co_return Result<void>{};
}

TEST(OneShot, DeliversWhetherSetBeforeOrAfterTheWait) {
    asio::io_context context;
    NullLog log;
    TaskScope scope(context.get_executor(), log);
    OneShot<int> early, late;
    std::optional<Result<int>> a, b;
    early.set(1);
    early.set(2);
    scope.spawn("a", wait_into(early, a));
    scope.spawn("b", wait_into(late, b));
    context.poll();
    EXPECT_EQ(a.value().value(), 1);
    EXPECT_FALSE(b);
    late.set(3);
    context.poll();
    EXPECT_EQ(b.value().value(), 3);
}

TEST(OneShot, AWaiterIsCancelledByItsScopeOrByTheEndOfTheShot) {
    asio::io_context context;
    NullLog log;
    TaskScope scope(context.get_executor(), log);
    OneShot<int> stopped;
    std::optional<Result<int>> a, b;
    scope.spawn("a", wait_into(stopped, a));
    {
        OneShot<int> gone;
        scope.spawn("b", wait_into(gone, b));
        context.poll();
    }
    asio::co_spawn(context, scope.stop(), [](std::exception_ptr) {});
    context.poll();
    EXPECT_EQ(a.value().error().code, Errc::kCancelled);
    EXPECT_EQ(b.value().error().code, Errc::kCancelled);
    EXPECT_EQ(scope.running(), 0U);
}

}  // namespace
}  // namespace meridian::io
