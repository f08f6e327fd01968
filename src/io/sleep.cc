#include "io/sleep.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace meridian::io {

Task<> sleep_for(std::chrono::steady_clock::duration duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return fail(Errc::kCancelled, "stopped");
    co_return Result<void>{};
}

}  // namespace meridian::io
