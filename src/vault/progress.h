#pragma once
// How far long work is: written by whoever does it, read by whoever shows it. Each phase counts for
// itself.
//
// Threads: any.

#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"

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
    mutable std::mutex mutex_;
    Now now_;
    MonotonicTime begun_ = clock_.monotonic_now();
};

}  // namespace meridian::vault
