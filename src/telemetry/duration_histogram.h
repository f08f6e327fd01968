#pragma once
// How durations are distributed, in buckets whose width grows with the value: a percentile is at
// most kDurationErrorMax away from the duration it stands for, whatever the range, and histograms
// of several seconds, versions or functions add up without further loss.
//
//   bucket of v < 32 µs     v itself
//   bucket of v >= 32 µs    its highest six bits: 32 buckets an octave
//
// Values; any thread.

#include <array>
#include <cstdint>

#include <boost/container/small_vector.hpp>

namespace meridian::telemetry {

// Half a bucket against the bucket's lower end.
inline constexpr double kDurationErrorMax = 1.0 / 64;
inline constexpr std::size_t kDurationBuckets = 896;  // up to 2^32 µs, 71 minutes

[[nodiscard]] std::size_t duration_bucket(std::uint32_t microseconds) noexcept;
// The middle of a bucket.
[[nodiscard]] double duration_of_bucket(std::size_t bucket) noexcept;

// For adding up many: 7 KB.
class DurationHistogram {
  public:
    void add(std::size_t bucket, std::uint64_t count) { counts_[bucket] += count; }
    // The smallest duration, in microseconds, that at least `percent` of all do not exceed (nearest
    // rank); 0 if there are none.
    [[nodiscard]] double percentile(double percent) const;

  private:
    std::array<std::uint64_t, kDurationBuckets> counts_{};
};

// For keeping many: 32 bytes, and 4 more for each distinct bucket beyond two.
class SparseDurations {
  public:
    void add(std::uint32_t microseconds) { add(duration_bucket(microseconds), 1); }
    void add(SparseDurations const& other);
    void add_to(DurationHistogram& sum) const;
    // Keeps its memory for the next.
    void clear() noexcept { entries_.clear(); }
    [[nodiscard]] std::size_t heap_bytes() const noexcept;

  private:
    void add(std::size_t bucket, std::uint32_t count);

    // bucket:10 count:22, by bucket; a bucket with more has several entries.
    boost::container::small_vector<std::uint32_t, 2> entries_;
};

}  // namespace meridian::telemetry
