#pragma once
// The real clock; the only place that asks the operating system for the time.

#include "base/clock.h"

namespace meridian::io {

class SystemClock final : public Clock {
  public:
    [[nodiscard]] WallTime wall_now() const override {
        return std::chrono::time_point_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now());
    }
    [[nodiscard]] MonotonicTime monotonic_now() const override {
        return std::chrono::steady_clock::now();
    }
};

}  // namespace meridian::io
