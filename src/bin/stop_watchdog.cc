#include "bin/stop_watchdog.h"

#include <utility>

namespace meridian::bin {

StopWatchdog::StopWatchdog(std::chrono::milliseconds bound, std::function<void()> on_late)
    : bound_(bound), on_late_(std::move(on_late)) {}

void StopWatchdog::arm() {
    if (thread_.joinable()) return;
    thread_ = std::jthread([this](std::stop_token const& stop) {
        std::unique_lock lock(mutex_);
        called_off_.wait_for(lock, stop, bound_, [] { return false; });
        if (!stop.stop_requested()) on_late_();
    });
}

}  // namespace meridian::bin
