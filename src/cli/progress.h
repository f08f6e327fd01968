#pragma once
// How long work is shown: on a terminal one line that changes, with the share done and the time
// left; in a pipe a line an event.
//
// Threads: the caller's executor.

#include <functional>
#include <string>
#include <string_view>

#include "deploy/driver.h"

namespace meridian::cli {

class ProgressLine {
  public:
    struct Options {
        bool terminal = false;
        bool silent = false;  // --json: the answer alone
    };
    ProgressLine(std::function<void(std::string_view)> print, Options options)
        : print_(std::move(print)), options_(options) {}
    ~ProgressLine() { clear(); }
    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;

    void show(deploy::Progress const& progress);
    // Takes the line away, so that what follows begins at the margin.
    void clear();

  private:
    std::function<void(std::string_view)> print_;
    Options options_;
    bool shown_ = false;
};

// "[ 43%] us-east-1: create Lambda Function Hello (12 s left)"; at most `columns_max` of it.
[[nodiscard]] std::string progress_text(deploy::Progress const& progress,
                                        std::size_t columns_max = 100);
// "1 h 3 min", "12 s".
[[nodiscard]] std::string duration_text(std::chrono::seconds time);

}  // namespace meridian::cli
