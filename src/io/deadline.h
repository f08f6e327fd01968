#pragma once
// A point in time that moves often and is rarely reached, such as a connection's timeout: moving it
// stores a number. The timer behind it is set again only when it fires, or for an earlier point.
//
// Threads: belongs to its executor; the callback runs there.

#include <chrono>
#include <functional>
#include <utility>

#include "io/alarm.h"

namespace meridian::io {

class Deadline {
  public:
    Deadline(asio::any_io_executor const& executor, std::function<void()> on_reached)
        : alarm_(executor), on_reached_(std::move(on_reached)) {}

    void set(std::chrono::steady_clock::duration after) {
        due_ = Time::clock::now() + after;
        if (due_ < wakes_) wake_at_due();
    }
    void cancel() noexcept { due_ = Time::max(); }

  private:
    using Time = std::chrono::steady_clock::time_point;

    void wake_at_due() {
        wakes_ = due_;
        alarm_.set(due_ - Time::clock::now(), [this] {
            wakes_ = Time::max();
            if (due_ == Time::max()) return;
            if (Time::clock::now() < due_) return wake_at_due();
            cancel();
            on_reached_();
        });
    }

    Alarm alarm_;  // no callback outlives it
    std::function<void()> on_reached_;
    Time due_ = Time::max();
    Time wakes_ = Time::max();
};

}  // namespace meridian::io
