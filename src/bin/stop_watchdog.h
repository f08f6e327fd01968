#pragma once
// The bound of a stop: if the process has not ended by then, `on_late` is called. Nothing that was
// acknowledged waits for a stop, so that ending at once loses nothing.
//
// Threads: arm() and the destructor are the owner's; on_late is called in a thread of its own,
// since the owner's may be what hangs.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace meridian::bin {

class StopWatchdog {
  public:
    StopWatchdog(std::chrono::milliseconds bound, std::function<void()> on_late);
    StopWatchdog(StopWatchdog const&) = delete;
    StopWatchdog& operator=(StopWatchdog const&) = delete;
    // Calls it off.
    ~StopWatchdog() = default;

    // The stop begins now. Harmless when repeated.
    void arm();

  private:
    std::chrono::milliseconds const bound_;
    std::function<void()> const on_late_;
    std::mutex mutex_;
    std::condition_variable_any called_off_;
    std::jthread thread_;  // the last member: it ends before the others do
};

}  // namespace meridian::bin
