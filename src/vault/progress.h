#pragma once
// How far long work is: written by whoever does it, read by whoever shows it. Each phase counts for
// itself. The other way round, whoever does it learns here that it is to stop, which it does at its
// next safe step: between batches, objects or packages, never within.
//
// Threads: any; stop() and stopped() on one executor.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "regions/growth_signal.h"

namespace meridian::vault {

class Progress {
  public:
    explicit Progress(Clock const& clock) : clock_(clock) {}

    // `doing`: "packages". 0 of a `total` that nobody knows.
    void begin(std::string doing, std::uint64_t total = 0) {
        std::lock_guard const lock(mutex_);
        now_ = {.doing = std::move(doing), .total = total};
        begun_ = clock_.monotonic_now();
    }
    void step(std::uint64_t count = 1) {
        std::lock_guard const lock(mutex_);
        now_.done += count;
    }

    void stop() {
        stop_ = true;
        stopping_.raise();
    }
    // At each safe step: kCancelled once it is to stop.
    [[nodiscard]] Result<void> go_on() const {
        if (!stop_) return {};
        return fail(Errc::kCancelled, "It was cancelled.");
    }
    // Until it is to stop. kCancelled when the coroutine is.
    io::Task<> stopped() const {
        while (!stop_) {
            MERIDIAN_CO_CHECK(co_await stopping_.wait(stopping_.generation()));
        }
        co_return Result<void>{};
    }

    struct Now {
        std::string doing = {};
        std::uint64_t done = 0;
        std::uint64_t total = 0;
        MonotonicTime::duration taken = {};  // by this phase
    };
    [[nodiscard]] Now now() const {
        std::lock_guard const lock(mutex_);
        auto out = now_;
        out.taken = clock_.monotonic_now() - begun_;
        return out;
    }

  private:
    Clock const& clock_;
    std::atomic<bool> stop_ = false;
    regions::GrowthSignal stopping_;
    mutable std::mutex mutex_;
    Now now_;
    MonotonicTime begun_ = clock_.monotonic_now();
};

}  // namespace meridian::vault
