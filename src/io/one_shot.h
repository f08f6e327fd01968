#pragma once
// A value that one coroutine waits for and another piece of code sets, once, on the same executor.
// Setting it posts the waiter: nothing runs inside set(). A waiter that is cancelled gets
// kCancelled.
//
// Threads: belongs to its executor; call there only.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"
#include "io/task.h"

namespace meridian::io {

template <typename T>
class OneShot {
  public:
    OneShot() : state_(std::make_shared<State>()) {}
    // A waiter that nobody will ever set gets kCancelled.
    ~OneShot() {
        if (state_ && !state_->value) state_->complete(fail(Errc::kCancelled, "cancelled"));
    }
    OneShot(OneShot&&) noexcept = default;
    OneShot& operator=(OneShot&&) noexcept = default;

    [[nodiscard]] bool is_set() const noexcept { return state_->value.has_value(); }
    // The first value counts; later ones are ignored.
    void set(Result<T> value) {
        if (!is_set()) state_->complete(std::move(value));
    }

    // At most one waiter. May be called before or after set(); what it returns no longer needs the
    // shot.
    Task<T> wait() { return wait_for(state_); }

  private:
    struct State {
        std::optional<Result<T>> value;
        std::move_only_function<void()> waiter;

        void complete(Result<T> result) {
            value = std::move(result);
            if (auto resume = std::exchange(waiter, nullptr)) resume();
        }
    };

    static Task<T> wait_for(std::shared_ptr<State> state) {
        if (!state->value) {
            co_await asio::async_initiate<decltype(asio::use_awaitable) const, void()>(
                [](auto handler, std::shared_ptr<State> const& s) {
                    MERIDIAN_ASSERT(!s->waiter);
                    auto slot = asio::get_associated_cancellation_slot(handler);
                    if (slot.is_connected()) {
                        slot.assign([weak = std::weak_ptr<State>(s)](asio::cancellation_type) {
                            if (auto alive = weak.lock(); alive && !alive->value) {
                                alive->complete(fail(Errc::kCancelled, "cancelled"));
                            }
                        });
                    }
                    s->waiter = [h = std::move(handler)]() mutable {
                        auto executor = asio::get_associated_executor(h);
                        asio::post(executor,
                                   [resume = std::move(h)]() mutable { std::move(resume)(); });
                    };
                },
                asio::use_awaitable, state);
        }
        co_return std::move(*state->value);
    }

    std::shared_ptr<State> state_;
};

}  // namespace meridian::io
