#pragma once
// One series of buckets: a second each for what is recent, a minute each for the rest.

#include <chrono>

#include "base/clock.h"
#include "telemetry/time_ring.h"

namespace meridian::telemetry {

// How far back one second, and one minute, can be told apart. Ours; CloudWatch keeps a metric's
// seconds for 3 hours and its minutes for 15 days.
inline constexpr auto kSecondsKept = std::chrono::minutes(15);
inline constexpr auto kMinutesKept = std::chrono::hours(24);

// Seconds since 1970, at which a second and a minute begin.
[[nodiscard]] inline std::uint32_t second_of(WallTime time) noexcept {
    return static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}
[[nodiscard]] inline std::uint32_t minute_of(std::uint32_t second) noexcept {
    return second - second % 60;
}

template <typename Bucket>
class MetricSeries {
  public:
    // The bucket for what began at `second`.
    Bucket& at(std::uint32_t second, std::uint32_t now) {
        return is_recent(second, now) ? seconds_.at(second) : minutes_.at(minute_of(second));
    }

    // Seconds before `recent` are kept by the minute from now on; minutes before `oldest` go.
    void advance(std::uint32_t recent, std::uint32_t oldest) {
        while (!seconds_.empty() && seconds_.front().time < recent) {
            minutes_.at(minute_of(seconds_.front().time)).add(seconds_.front());
            seconds_.pop_front();
        }
        while (!minutes_.empty() && minutes_.front().time < oldest) minutes_.pop_front();
    }

    [[nodiscard]] bool empty() const noexcept { return seconds_.empty() && minutes_.empty(); }
    [[nodiscard]] TimeRing<Bucket> const& seconds() const noexcept { return seconds_; }
    [[nodiscard]] TimeRing<Bucket> const& minutes() const noexcept { return minutes_; }

    // visit(bucket) for each that begins in [start, end).
    template <typename Visit>
    void visit(std::uint32_t start, std::uint32_t end, Visit visit) const {
        for (auto const* ring : {&minutes_, &seconds_}) {
            for (auto i = ring->lower_bound(start); i < ring->size() && (*ring)[i].time < end; ++i)
                visit((*ring)[i]);
        }
    }

    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t bytes = 0;
        for (auto const* ring : {&minutes_, &seconds_}) {
            bytes += ring->slots().size() * sizeof(Bucket);
            for (auto const& bucket : ring->slots()) bytes += bucket.heap_bytes();
        }
        return bytes;
    }

  private:
    [[nodiscard]] static bool is_recent(std::uint32_t second, std::uint32_t now) noexcept {
        return second + std::chrono::seconds(kSecondsKept).count() > now;
    }

    TimeRing<Bucket> seconds_;
    TimeRing<Bucket> minutes_;
};

}  // namespace meridian::telemetry
