#pragma once
// Where work that blocks runs: files, zip, SQLite, DNS. A fixed number of threads and a bounded
// queue; beyond it submit() refuses. Built and joined by main.

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "io/task.h"

namespace meridian::io {

class BlockingPool {
  public:
    struct Options {
        std::size_t threads = 2;
        std::size_t queue_jobs_max = 4096;
        // As nice(1) understands it, of the pool's threads: those of 0 go before those of 19.
        int niceness = 0;
    };

    explicit BlockingPool(Options options);
    // Waits for the jobs that have started; drops those that have not.
    ~BlockingPool();
    BlockingPool(BlockingPool const&) = delete;
    BlockingPool& operator=(BlockingPool const&) = delete;

    // False when the queue is full or the pool is stopping; `job` is then dropped.
    [[nodiscard]] bool submit(std::move_only_function<void()> job);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Runs `job` (which returns Result<T>) on the pool and resumes the awaiting coroutine on its own
// executor with what it returned. kUnavailable when the pool refuses it.
template <typename Job>
asio::awaitable<std::invoke_result_t<Job>> blocking(BlockingPool& pool, Job job) {
    using Outcome = std::invoke_result_t<Job>;
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable) const, void(Outcome)>(
        [&pool](auto handler, Job work) {
            auto executor = asio::get_associated_executor(handler);
            // The handler is shared with the refusal path below, which runs only if the job never
            // does.
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            bool const accepted = pool.submit([shared, executor, work = std::move(work)]() mutable {
                Outcome outcome = work();
                asio::post(executor, [shared, outcome = std::move(outcome)]() mutable {
                    std::move (*shared)(std::move(outcome));
                });
            });
            if (!accepted) {
                asio::post(executor, [shared]() mutable {
                    std::move (*shared)(Outcome(fail(
                        Errc::kUnavailable, "The service is overloaded: too many jobs wait.")));
                });
            }
        },
        asio::use_awaitable, std::move(job));
}

}  // namespace meridian::io
