#include "regions/growth_signal.h"

#include <boost/asio/this_coro.hpp>

namespace meridian::regions {

struct GrowthSignal::Registration {
    Registration(std::shared_ptr<State> state_in, asio::steady_timer& timer_in)
        : state(std::move(state_in)), timer(timer_in) {
        state->waiting.insert(&timer);
    }
    ~Registration() { state->waiting.erase(&timer); }
    Registration(Registration const&) = delete;
    Registration& operator=(Registration const&) = delete;

    std::shared_ptr<State> state;
    asio::steady_timer& timer;
};

asio::awaitable<bool> is_cancelled() {
    auto const state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

void GrowthSignal::raise() {
    ++state_->generation;
    for (auto* const timer : state_->waiting) timer->cancel();
}

io::Task<> GrowthSignal::wait(std::uint64_t seen,
                              std::chrono::steady_clock::duration at_most) const {
    auto const state = state_;
    if (state->generation == seen && at_most > std::chrono::steady_clock::duration::zero()) {
        // A cancellation before this point has nothing to cancel any more.
        if (co_await is_cancelled()) co_return fail(Errc::kCancelled, "stopped");
        asio::steady_timer timer(co_await asio::this_coro::executor, at_most);
        Registration const registration(state, timer);
        co_await timer.async_wait(io::kNoThrow);
    }
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none)
        co_return fail(Errc::kCancelled, "stopped");
    co_return Result<void>{};
}

}  // namespace meridian::regions
