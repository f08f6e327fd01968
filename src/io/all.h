#pragma once
// Several coroutines side by side, on one executor.

#include <cstddef>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>

#include "io/task.h"

namespace meridian::io {

// Runs these side by side on the caller's executor and completes when all have ended: the first
// error, in the order of `tasks`. Who cancels it cancels each of them. An exception of one is
// thrown when all have ended.
inline Task<> all(std::vector<asio::awaitable<Result<void>>> tasks) {
    if (tasks.empty()) co_return Result<void>{};
    auto const executor = co_await asio::this_coro::executor;
    using Operation = decltype(asio::co_spawn(
        executor, std::declval<asio::awaitable<Result<void>>>(), asio::deferred));
    std::vector<Operation> operations;
    operations.reserve(tasks.size());
    for (auto& task : tasks)
        operations.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    auto const [order, exceptions, results] =
        co_await asio::experimental::make_parallel_group(std::move(operations))
            .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto const& exception : exceptions) {
        if (exception) std::rethrow_exception(exception);
    }
    for (auto const& result : results) {
        if (!result) co_return std::unexpected(result.error());
    }
    co_return Result<void>{};
}

// Lanes that share what there is to do: `lane()` gives each. Where that is a coroutine of a
// lambda's, the lambda outlives it.
template <typename Lane>
Task<> in_lanes(std::size_t count, Lane const& lane) {
    std::vector<asio::awaitable<Result<void>>> lanes;
    lanes.reserve(count);
    for (std::size_t n = 0; n < count; ++n) lanes.push_back(lane());
    return all(std::move(lanes));
}

}  // namespace meridian::io
