#pragma once
// The seam for time. Logic takes a Clock; only io/ and bin/ know the real one (io/system_clock.h).

#include <chrono>

namespace meridian {

// Wall-clock time, for what people and other machines see. Millisecond truth at best; may jump.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// Monotonic time, for deadlines and durations.
using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    [[nodiscard]] virtual MonotonicTime monotonic_now() const = 0;
};

// A clock that moves when told to, for tests and simulation.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(WallTime wall = WallTime{std::chrono::seconds{1'700'000'000}})
        : wall_(wall) {}
    [[nodiscard]] WallTime wall_now() const override { return wall_; }
    [[nodiscard]] MonotonicTime monotonic_now() const override { return monotonic_; }
    void advance(std::chrono::microseconds by) {
        wall_ += by;
        monotonic_ += by;
    }

  private:
    WallTime wall_;
    MonotonicTime monotonic_{std::chrono::seconds{1}};
};

}  // namespace meridian
