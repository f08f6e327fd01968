#pragma once
// A timer with one callback: after set() or cancel() an earlier callback never runs, even if it was
// due.
//
// Threads: belongs to its executor; the callback runs there.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/task.h"

namespace meridian::io {

class Alarm {
  public:
    explicit Alarm(asio::any_io_executor const& executor)
        : timer_(executor), generation_(std::make_shared<std::uint64_t>(0)) {}
    ~Alarm() { cancel(); }
    Alarm(Alarm const&) = delete;
    Alarm& operator=(Alarm const&) = delete;

    void set(std::chrono::steady_clock::duration after, std::function<void()> callback) {
        auto const mine = ++*generation_;
        timer_.expires_after(after);
        timer_.async_wait([generation = generation_, mine,
                           run = std::move(callback)](boost::system::error_code error) {
            if (!error && *generation == mine) run();
        });
    }
    void cancel() {
        ++*generation_;
        timer_.cancel();
    }

  private:
    asio::steady_timer timer_;
    std::shared_ptr<std::uint64_t> generation_;  // outlives the alarm in callbacks that are due
};

}  // namespace meridian::io
