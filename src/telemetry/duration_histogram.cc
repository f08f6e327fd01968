#include "telemetry/duration_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace meridian::telemetry {
namespace {

constexpr unsigned kSubBucketBits = 5;
constexpr std::uint32_t kSubBuckets = 1U << kSubBucketBits;
constexpr unsigned kCountBits = 22;
constexpr std::uint32_t kCountMax = (1U << kCountBits) - 1;
static_assert(kDurationBuckets <= 1U << (32 - kCountBits));

}  // namespace

std::size_t duration_bucket(std::uint32_t microseconds) noexcept {
    if (microseconds < kSubBuckets) return microseconds;
    auto const shift = static_cast<unsigned>(std::bit_width(microseconds)) - kSubBucketBits - 1;
    return (std::size_t{shift} << kSubBucketBits) + (microseconds >> shift);
}

double duration_of_bucket(std::size_t bucket) noexcept {
    if (bucket < 2 * kSubBuckets) return static_cast<double>(bucket);
    auto const shift = static_cast<int>(bucket >> kSubBucketBits) - 1;
    auto const leading = static_cast<double>(kSubBuckets + bucket % kSubBuckets);
    return std::ldexp(leading + 0.5, shift);
}

double DurationHistogram::percentile(double percent) const {
    auto const total = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    if (total == 0) return 0;
    auto const rank = std::max(1.0, std::ceil(percent / 100 * static_cast<double>(total)));
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    for (; bucket + 1 < kDurationBuckets; ++bucket) {
        seen += counts_[bucket];
        if (static_cast<double>(seen) >= rank) break;
    }
    return duration_of_bucket(bucket);
}

void SparseDurations::add(std::size_t bucket, std::uint32_t count) {
    auto const low = static_cast<std::uint32_t>(bucket) << kCountBits;
    // Entries of one bucket stand together; the last of them has room first.
    auto entry = std::upper_bound(entries_.begin(), entries_.end(), low | kCountMax);
    if (entry != entries_.begin() && (*(entry - 1) >> kCountBits) == bucket) {
        auto& newest = *(entry - 1);
        auto const room = kCountMax - (newest & kCountMax);
        auto const taken = std::min(room, count);
        newest += taken;
        count -= taken;
    }
    if (count > 0) entries_.insert(entry, low | count);
}

void SparseDurations::add(SparseDurations const& other) {
    for (auto const entry : other.entries_) add(entry >> kCountBits, entry & kCountMax);
}

void SparseDurations::add_to(DurationHistogram& sum) const {
    for (auto const entry : entries_) sum.add(entry >> kCountBits, entry & kCountMax);
}

std::size_t SparseDurations::heap_bytes() const noexcept {
    return entries_.capacity() > 2 ? entries_.capacity() * sizeof(std::uint32_t) : 0;
}

}  // namespace meridian::telemetry
