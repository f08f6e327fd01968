#pragma once
// What is kept of one second, or one minute, of one thing that was measured. Values.

#include <algorithm>
#include <cstdint>
#include <memory>

#include "telemetry/duration_histogram.h"

namespace meridian::telemetry {

// Durations that are seldom measured: of Init phases.
struct RareDurations {
    std::uint32_t count = 0;
    std::uint32_t min_us = UINT32_MAX;
    std::uint32_t max_us = 0;
    std::uint64_t sum_us = 0;
    SparseDurations spread;

    void add(std::uint32_t microseconds) {
        ++count;
        min_us = std::min(min_us, microseconds);
        max_us = std::max(max_us, microseconds);
        sum_us += microseconds;
        spread.add(microseconds);
    }
    void add(RareDurations const& other) {
        count += other.count;
        min_us = std::min(min_us, other.min_us);
        max_us = std::max(max_us, other.max_us);
        sum_us += other.sum_us;
        spread.add(other.spread);
    }
};

// Invocations by when they began, of one resource as it was addressed and the version that ran. 96
// bytes, and what `durations` takes beyond them.
struct InvocationBucket {
    std::uint32_t time = 0;  // seconds since 1970, at which it begins
    std::uint32_t invocations = 0;
    std::uint32_t errors = 0;
    std::uint32_t throttles = 0;
    std::uint32_t cold_starts = 0;
    std::uint32_t provisioned = 0;  // on provisioned concurrency
    std::uint32_t spilled = 0;      // not on it, because all was in use
    // Of each invocation.
    std::uint32_t min_us = UINT32_MAX;
    std::uint32_t max_us = 0;
    std::uint64_t sum_us = 0;
    std::uint64_t billed_mb_ms = 0;
    std::unique_ptr<RareDurations> init = {};
    SparseDurations durations = {};

    void reset() noexcept {
        auto kept = std::move(durations);
        kept.clear();
        *this = {};
        durations = std::move(kept);
    }
    void add(InvocationBucket const& other) {
        invocations += other.invocations;
        errors += other.errors;
        throttles += other.throttles;
        cold_starts += other.cold_starts;
        provisioned += other.provisioned;
        spilled += other.spilled;
        min_us = std::min(min_us, other.min_us);
        max_us = std::max(max_us, other.max_us);
        sum_us += other.sum_us;
        billed_mb_ms += other.billed_mb_ms;
        durations.add(other.durations);
        if (!other.init) return;
        if (!init) init = std::make_unique<RareDurations>();
        init->add(*other.init);
    }
    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        return durations.heap_bytes() +
               (init ? sizeof(RareDurations) + init->spread.heap_bytes() : 0);
    }
};

// The most that ran at once, of a resource, a function or an account. 16 bytes.
struct PeakBucket {
    std::uint32_t time = 0;
    std::uint32_t running = 0;
    std::uint32_t provisioned = 0;  // of them on provisioned concurrency
    // An account's: of functions without reserved concurrency. A resource's: the part of the
    // version's provisioned concurrency that was in use, times kUtilizationScale.
    std::uint32_t other = 0;

    void reset() noexcept { *this = {}; }
    void add(PeakBucket const& now) {
        running = std::max(running, now.running);
        provisioned = std::max(provisioned, now.provisioned);
        other = std::max(other, now.other);
    }
    [[nodiscard]] static std::size_t heap_bytes() noexcept { return 0; }
};
inline constexpr double kUtilizationScale = 10'000;

}  // namespace meridian::telemetry
