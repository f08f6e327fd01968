#pragma once
// What a follower does with what a source says, without I/O or time: which entries to apply, and
// how long to wait after an error.
//
// Threads: plain values.

#include <chrono>
#include <vector>

#include "base/result.h"
#include "regions/change_source.h"

namespace meridian::regions {

// The entries of `page` that continue a copy of `log` that ends with `at`: what is here already is
// left out, and so is everything from a gap on (the next pull asks for it again). kConflict: the
// page cannot continue the copy. It begins after a gap, is of another log, or the source has
// forgotten what the copy holds: two histories, which nobody merges silently.
[[nodiscard]] Result<std::vector<store::LogEntry>> entries_to_apply(ChangePage page,
                                                                    store::LogName log,
                                                                    store::Sequence at);

// Waits that double from `first` to `longest`. Without jitter: a home has a handful of followers.
class BackOff {
  public:
    struct Options {
        std::chrono::milliseconds first{100};
        std::chrono::milliseconds longest{5'000};
    };
    explicit BackOff(Options options) : options_(options), next_(options.first) {}

    void succeeded() noexcept { next_ = options_.first; }
    // How long to wait after this failure.
    [[nodiscard]] std::chrono::milliseconds failed() noexcept;

  private:
    Options options_;
    std::chrono::milliseconds next_;
};

}  // namespace meridian::regions
