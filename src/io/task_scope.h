#pragma once
// Owns background coroutines: they are reported when they fail and joined on stop(). Never spawn
// with bare asio::detached, which drops exceptions silently.
//
// Threads: belongs to its executor; call there only.

#include <cstddef>
#include <functional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "io/task.h"

namespace meridian::io {

class TaskScope {
  public:
    TaskScope(asio::any_io_executor executor, Log& log);
    // Every child must have ended: call stop() first, or let the executor be destroyed with them.
    ~TaskScope();
    TaskScope(TaskScope const&) = delete;
    TaskScope& operator=(TaskScope const&) = delete;

    // Starts `child`. Its error or exception is logged under `name`; cancellation is not an error.
    void spawn(std::string name, asio::awaitable<Result<void>> child);

    // Whether stop() was called: loops ask this between steps.
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    // Asks every child to end (cancels what it waits for) and completes when all have.
    asio::awaitable<void> stop();

    [[nodiscard]] std::size_t running() const noexcept { return running_; }
    [[nodiscard]] asio::any_io_executor executor() const { return executor_; }

  private:
    struct Child;
    asio::any_io_executor executor_;
    Log& log_;
    asio::steady_timer all_done_;
    Child* children_ = nullptr;
    std::size_t running_ = 0;
    bool stopping_ = false;
};

}  // namespace meridian::io
