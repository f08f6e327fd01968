#include "regions/growth_signal.h"

#include <boost/asio/this_coro.hpp>

#include "io/alarm.h"

namespace meridian::regions {

struct GrowthSignal::Waiter {
    explicit Waiter(std::shared_ptr<State> state_in) : state(std::move(state_in)) {
        state->waiting.insert(&shot);
    }
    ~Waiter() { state->waiting.erase(&shot); }
    Waiter(Waiter const&) = delete;
    Waiter& operator=(Waiter const&) = delete;

    std::shared_ptr<State> state;
    Shot shot;
};

asio::awaitable<bool> is_cancelled() {
    auto const state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

void GrowthSignal::raise() {
    ++state_->generation;
    for (auto* const shot : state_->waiting) shot->set({});
}

io::Task<> GrowthSignal::wait(std::uint64_t seen) const {
    Waiter waiter(state_);
    // A cancellation before this point would have nothing to cancel any more.
    if (co_await is_cancelled()) co_return fail(Errc::kCancelled, "stopped");
    if (waiter.state->generation != seen) co_return Result<void>{};
    co_return co_await waiter.shot.wait();
}

io::Task<> GrowthSignal::wait_for(std::uint64_t seen,
                                  std::chrono::steady_clock::duration at_most) const {
    Waiter waiter(state_);
    if (co_await is_cancelled()) co_return fail(Errc::kCancelled, "stopped");
    if (waiter.state->generation != seen) co_return Result<void>{};
    io::Alarm alarm(co_await asio::this_coro::executor);
    alarm.set(at_most, [&waiter] { waiter.shot.set({}); });
    co_return co_await waiter.shot.wait();
}

}  // namespace meridian::regions
