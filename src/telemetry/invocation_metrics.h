#pragma once
// Lambda's metrics of one region: what was invoked, how it ended, how long it took and how much ran
// at once, by account, function, resource ("f", "f:live", "f:7": as it was addressed) and executed
// version, under the time at which the invocation began. Source: Developer Guide, "Types of metrics
// for Lambda functions".
//
//   account ── function ── resource ── executed version (several where an alias shares out)
//      peak       peak        peak         counts, durations
//
// Memory only: what was before a restart is gone, and `since()` says when that was. Something
// without traffic in the last kMinutesKept costs nothing; one that is busy all day costs some
// 0.3 MB (metric_buckets.h), and all together kMetricBytesMax.
//
// Threads: belongs to its region's executor. Recording neither locks nor waits; what has been busy
// for a while allocates no more.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "io/task.h"
#include "model/names.h"
#include "telemetry/metric_buckets.h"
#include "telemetry/metric_series.h"

namespace meridian::telemetry {

inline constexpr std::size_t kMetricBytesMax = 128 * 1024 * 1024;
inline constexpr std::size_t kMetricSeriesMax = 10'000;

// Of one region. Ours.
struct MetricLimits {
    // Beyond it the oldest minutes go before their time, and then seconds become minutes before
    // theirs; looked at once a minute.
    std::size_t bytes = kMetricBytesMax;
    // Resources with an executed version; what further ones do is counted as not recorded.
    std::size_t series = kMetricSeriesMax;
};
// How little may be left of each when there is no room.
inline constexpr auto kMinutesKeptMin = std::chrono::hours(1);
inline constexpr auto kSecondsKeptMin = std::chrono::minutes(1);

// The upper ends of Prometheus's buckets of a duration; the last is infinite. Ours.
inline constexpr auto kDurationBoundsSeconds = std::to_array<double>(
    {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900});

// Everything since the process started, for whoever reads counters.
struct InvocationTotals {
    std::uint64_t invocations = 0;
    std::uint64_t errors = 0;
    std::uint64_t throttles = 0;
    std::uint64_t cold_starts = 0;
    std::uint64_t provisioned = 0;
    std::uint64_t spilled = 0;
    std::uint64_t sum_us = 0;
    std::uint64_t billed_mb_ms = 0;
    std::uint64_t init_count = 0;
    std::uint64_t init_sum_us = 0;
    std::array<std::uint64_t, kDurationBoundsSeconds.size() + 1> by_duration{};  // not cumulative
};

struct VersionSeries {
    model::Version version;
    MetricSeries<InvocationBucket> buckets;
    InvocationTotals totals;
};
struct ResourceSeries {
    std::uint32_t running = 0;
    std::uint32_t provisioned = 0;
    MetricSeries<PeakBucket> peaks;
    // By executed version. An invocation in progress keeps its entry.
    std::map<model::Version, VersionSeries> versions;
};
struct FunctionSeries {
    std::uint32_t running = 0;
    std::uint32_t provisioned = 0;
    std::size_t bytes = 0;  // when it was measured last
    MetricSeries<PeakBucket> peaks;
    std::map<model::Qualifier, ResourceSeries> resources;  // by qualifier, as it was asked for
};
struct AccountSeries {
    std::uint32_t running = 0;
    std::uint32_t unreserved = 0;
    MetricSeries<PeakBucket> peaks;
    std::map<model::FunctionName, FunctionSeries> functions;
};

// What is invoked; views of what the caller has.
struct InvocationTarget {
    model::AccountId const& account;
    model::FunctionName const& function;
    model::Qualifier const& qualifier;  // as asked for; empty: none was
    model::Version const& version;      // which runs
};

// Which concurrency an invocation runs on.
struct UsedConcurrency {
    bool reserved = false;                 // the function has reserved some
    bool provisioned = false;              // this one runs on the version's provisioned concurrency
    std::uint32_t provisioned_in_use = 0;  // of the version, this one included
    std::uint32_t provisioned_of = 0;      // what the version has; 0: none
};

// How an invocation ended that ran.
struct InvocationFigures {
    std::chrono::microseconds duration{0};
    std::optional<std::chrono::microseconds> init_duration = {};
    bool cold_start = false;  // it waited for its environment's Init
    bool error = false;       // the function's own: thrown, timed out, crashed, …
    std::uint64_t billed_ms = 0;
    int memory_mb = 0;
};

class InvocationMetrics {
  public:
    explicit InvocationMetrics(Clock const& clock, MetricLimits limits = {});

    // An invocation in progress: counts as running until it is destroyed. Must not outlive its
    // metrics.
    class Running {
      public:
        Running(Running&& other) noexcept;
        Running& operator=(Running&&) = delete;
        ~Running();
        // It ran, and ended so. Without this it is no invocation: the service failed.
        void finish(InvocationFigures const& figures);

      private:
        friend class InvocationMetrics;
        Running() = default;

        InvocationMetrics* metrics_ = nullptr;
        AccountSeries* account_ = nullptr;
        FunctionSeries* function_ = nullptr;
        ResourceSeries* resource_ = nullptr;
        VersionSeries* version_ = nullptr;
        UsedConcurrency used_;
        std::uint32_t second_ = 0;  // when it began
    };

    // Right after its unit of concurrency was taken.
    [[nodiscard]] Running begin(InvocationTarget const& target, UsedConcurrency const& used);
    // Refused for want of concurrency: neither an invocation nor an error.
    void throttled(InvocationTarget const& target);

    // Moves on to now: what runs is noted for this second, what is old goes. Of all that is kept it
    // looks at a sixtieth each time.
    void advance();
    // advance(), once a second, for ever. Run in a TaskScope.
    io::Task<> run();

    // Nothing before this is known.
    [[nodiscard]] WallTime since() const noexcept { return since_; }
    [[nodiscard]] std::map<model::AccountId, AccountSeries> const& accounts() const noexcept {
        return accounts_;
    }
    // Invocations and throttles that MetricLimits::series has cost.
    [[nodiscard]] std::uint64_t unrecorded() const noexcept { return unrecorded_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // How far back seconds and minutes are kept: less than kSecondsKept and kMinutesKept if there
    // is not enough room.
    [[nodiscard]] std::chrono::seconds seconds_kept() const noexcept { return seconds_kept_; }
    [[nodiscard]] std::chrono::seconds minutes_kept() const noexcept { return minutes_kept_; }

  private:
    struct Path {
        AccountSeries* account = nullptr;
        FunctionSeries* function = nullptr;
        ResourceSeries* resource = nullptr;
        VersionSeries* version = nullptr;
    };
    struct Key {
        std::string account, function, qualifier, version;
    };
    struct KeyView {
        std::string_view account, function, qualifier, version;
        explicit KeyView(InvocationTarget const& target);
        KeyView(Key const& key);  // NOLINT(google-explicit-constructor): what makes lookups cheap
        bool operator==(KeyView const&) const = default;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(KeyView const& key) const noexcept;
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(KeyView const& a, KeyView const& b) const noexcept { return a == b; }
    };

    // Null where there is no room.
    [[nodiscard]] Path const* find_or_add(InvocationTarget const& target);
    // Drops what is old of the function; whether anything is left.
    [[nodiscard]] bool tidy(model::AccountId const& account, model::FunctionName const& name,
                            FunctionSeries& function, std::uint32_t now);
    void fit_into_memory();

    Clock const& clock_;
    MetricLimits const limits_;
    WallTime const since_;
    std::map<model::AccountId, AccountSeries> accounts_;
    std::unordered_map<Key, Path, Hash, Equal> paths_;
    std::uint64_t unrecorded_ = 0;
    std::size_t bytes_ = 0;
    std::uint32_t advanced_ = 0;  // to this second
    std::chrono::seconds seconds_kept_ = kSecondsKept;
    std::chrono::seconds minutes_kept_ = kMinutesKept;
};

}  // namespace meridian::telemetry
