#pragma once
// How far long work is, for people: one line that changes on a terminal, with the time that it will
// still take; a plain line for each thing elsewhere.
//
// Threads: one at a time. `clock` outlives it.

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace meridian::cli {

class CountLine {
  public:
    // `print` writes to standard error.
    CountLine(std::function<void(std::string_view)> print, bool terminal, Clock const& clock);

    void step(std::string const& doing, std::size_t done, std::size_t total,
              std::string const& what);
    // Clears the line of a terminal.
    void finish();

  private:
    std::function<void(std::string_view)> print_;
    bool terminal_;
    Clock const& clock_;
    MonotonicTime begun_;
    std::string doing_;
};

}  // namespace meridian::cli
