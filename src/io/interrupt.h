#pragma once
// Ctrl-C as something to wait for.
//
// Threads: belongs to its executor.

#include <csignal>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include "io/task.h"

namespace meridian::io {

// Completes at the next SIGINT, which until then does nothing else. kCancelled.
inline Task<> interrupted() {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT);
    auto const [error, number] = co_await signals.async_wait(kNoThrow);
    if (error) co_return fail(Errc::kCancelled, "cancelled");
    co_return Result<void>{};
}

}  // namespace meridian::io
