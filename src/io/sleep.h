#pragma once
// Waiting for time to pass, in a coroutine.

#include <chrono>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "io/task.h"

namespace meridian::io {

// kCancelled if the coroutine's scope stops first.
inline Task<> sleep_for(std::chrono::steady_clock::duration duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    auto const [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return fail(Errc::kCancelled, "The wait was cancelled.");
    co_return Result<void>{};
}

}  // namespace meridian::io
