#include "io/task_scope.h"

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace meridian::io {

// A node of the scope's list; lives until its coroutine ends.
struct TaskScope::Child {
    std::string name;
    asio::cancellation_signal cancel;
    Child* previous = nullptr;
    Child* next = nullptr;
};

TaskScope::TaskScope(asio::any_io_executor executor, Log& log)
    : executor_(std::move(executor)), log_(log), all_done_(executor_) {
    all_done_.expires_at(asio::steady_timer::time_point::max());
}

TaskScope::~TaskScope() = default;

void TaskScope::spawn(std::string name, asio::awaitable<Result<void>> child) {
    auto owned = std::make_shared<Child>();
    owned->name = std::move(name);
    owned->next = children_;
    if (children_ != nullptr) children_->previous = owned.get();
    children_ = owned.get();
    ++running_;
    auto finished = [this, owned](std::exception_ptr exception, Result<void> result) {
        if (exception) {
            try {
                std::rethrow_exception(exception);
            } catch (std::exception const& e) {
                log_.write(LogLevel::kError, "background work threw",
                           {{"task", owned->name}, {"error", e.what()}});
            }
        } else if (!result && result.error().code != Errc::kCancelled && !stopping_) {
            log_.write(LogLevel::kError, "background work failed",
                       {{"task", owned->name}, {"error", result.error().message}});
        }
        if (owned->previous != nullptr) owned->previous->next = owned->next;
        if (owned->next != nullptr) owned->next->previous = owned->previous;
        if (children_ == owned.get()) children_ = owned->next;
        if (--running_ == 0) all_done_.cancel();
    };
    asio::co_spawn(executor_, std::move(child),
                   asio::bind_cancellation_slot(owned->cancel.slot(), std::move(finished)));
    if (stopping_) {
        asio::post(executor_, [owned] { owned->cancel.emit(asio::cancellation_type::terminal); });
    }
}

asio::awaitable<void> TaskScope::stop() {
    stopping_ = true;
    for (Child* child = children_; child != nullptr;) {
        Child* const next = child->next;  // emitting may end the child
        child->cancel.emit(asio::cancellation_type::terminal);
        child = next;
    }
    while (running_ > 0) {
        co_await all_done_.async_wait(kNoThrow);
    }
}

}  // namespace meridian::io
