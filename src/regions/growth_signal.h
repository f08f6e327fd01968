#pragma once
// Wakes coroutines that wait for something to grow. Nothing is lost between looking and waiting:
// who waits says which generation it saw before it looked.
//
// Threads: belongs to its executor; call there only.

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>

#include "io/one_shot.h"
#include "io/task.h"

namespace meridian::regions {

class GrowthSignal {
  public:
    [[nodiscard]] std::uint64_t generation() const noexcept { return state_->generation; }
    // Wakes everybody who waits now.
    void raise();
    // Completes when generation() is no longer `seen`. kCancelled when the coroutine is, or when
    // the signal goes.
    io::Task<> wait(std::uint64_t seen) const;
    // The same, but also when the time is over, which is success, too.
    io::Task<> wait_for(std::uint64_t seen, std::chrono::steady_clock::duration at_most) const;

  private:
    using Shot = io::OneShot<void>;
    struct State {
        std::uint64_t generation = 0;
        std::set<Shot*> waiting;
    };
    struct Waiter;
    // Waiting coroutines hold it, too: they may be destroyed after the signal.
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Whether the calling coroutine was asked to end.
asio::awaitable<bool> is_cancelled();

}  // namespace meridian::regions
