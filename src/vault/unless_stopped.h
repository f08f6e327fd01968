#pragma once
// Waiting that ends early when the work is to stop.
//
// Threads: the executor of the work's Progress.

#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "io/task.h"
#include "vault/progress.h"

namespace meridian::vault {

// What `wait` gives; kCancelled when `progress` says stop before: `wait` is then cancelled, and
// what it had begun is over (a child process is ended). Only for what may be given up half-way.
template <typename T>
io::Task<T> unless_stopped(Progress const& progress, io::Task<T> wait) {
    using asio::experimental::awaitable_operators::operator||;
    MERIDIAN_CO_CHECK(progress.go_on());
    auto first = co_await (std::move(wait) || progress.stopped());
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return fail(Errc::kCancelled, "It was cancelled.");
}

}  // namespace meridian::vault
