#include "telemetry/invocation_metrics.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "io/sleep.h"

namespace meridian::telemetry {
namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr std::uint32_t kTidySlices = 60;

std::uint32_t whole_us(std::chrono::microseconds duration) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(duration.count(), 0, std::int64_t{UINT32_MAX}));
}

std::size_t bound_of(std::uint32_t microseconds) {
    auto const seconds = static_cast<double>(microseconds) / 1e6;
    return static_cast<std::size_t>(std::ranges::lower_bound(kDurationBoundsSeconds, seconds) -
                                    kDurationBoundsSeconds.begin());
}

void count(VersionSeries& version, InvocationBucket& bucket, UsedConcurrency const& used,
           InvocationFigures const& figures) {
    auto const us = whole_us(figures.duration);
    auto const billed = figures.billed_ms * static_cast<std::uint64_t>(figures.memory_mb);
    bool const spilled = used.provisioned_of > 0 && !used.provisioned;
    ++bucket.invocations;
    bucket.errors += figures.error ? 1 : 0;
    bucket.cold_starts += figures.cold_start ? 1 : 0;
    bucket.provisioned += used.provisioned ? 1 : 0;
    bucket.spilled += spilled ? 1 : 0;
    bucket.min_us = std::min(bucket.min_us, us);
    bucket.max_us = std::max(bucket.max_us, us);
    bucket.sum_us += us;
    bucket.billed_mb_ms += billed;
    bucket.durations.add(us);

    auto& totals = version.totals;
    ++totals.invocations;
    totals.errors += figures.error ? 1 : 0;
    totals.cold_starts += figures.cold_start ? 1 : 0;
    totals.provisioned += used.provisioned ? 1 : 0;
    totals.spilled += spilled ? 1 : 0;
    totals.sum_us += us;
    totals.billed_mb_ms += billed;
    ++totals.by_duration[bound_of(us)];

    if (!figures.init_duration) return;
    auto const init_us = whole_us(*figures.init_duration);
    if (!bucket.init) bucket.init = std::make_unique<RareDurations>();
    bucket.init->add(init_us);
    ++totals.init_count;
    totals.init_sum_us += init_us;
}

}  // namespace

InvocationMetrics::KeyView::KeyView(InvocationTarget const& target)
    : account(target.account.value()),
      function(target.function.value()),
      qualifier(target.qualifier.value()),
      version(target.version.value()) {}

InvocationMetrics::KeyView::KeyView(Key const& key)
    : account(key.account),
      function(key.function),
      qualifier(key.qualifier),
      version(key.version) {}

std::size_t InvocationMetrics::Hash::operator()(KeyView const& key) const noexcept {
    std::size_t hash = 0;
    for (auto const part : {key.account, key.function, key.qualifier, key.version})
        hash = hash * 0x9e3779b97f4a7c15U + std::hash<std::string_view>{}(part);
    return hash;
}

InvocationMetrics::InvocationMetrics(Clock const& clock, MetricLimits limits)
    : clock_(clock), limits_(limits), since_(clock.wall_now()), advanced_(second_of(since_)) {}

InvocationMetrics::Path const* InvocationMetrics::find_or_add(InvocationTarget const& target) {
    KeyView const view(target);
    if (auto const found = paths_.find(view); found != paths_.end()) return &found->second;
    if (paths_.size() >= limits_.series) {
        ++unrecorded_;
        return nullptr;
    }
    Path path;
    path.account = &accounts_[target.account];
    path.function = &path.account->functions[target.function];
    path.resource = &path.function->resources[target.qualifier];
    path.version = &path.resource->versions[target.version];
    path.version->version = target.version;
    Key key{std::string(view.account), std::string(view.function), std::string(view.qualifier),
            std::string(view.version)};
    return &paths_.emplace(std::move(key), path).first->second;
}

InvocationMetrics::Running InvocationMetrics::begin(InvocationTarget const& target,
                                                    UsedConcurrency const& used) {
    Running running;
    auto const* const path = find_or_add(target);
    if (path == nullptr) return running;
    auto const now = second_of(clock_.wall_now());
    running.metrics_ = this;
    running.account_ = path->account;
    running.function_ = path->function;
    running.resource_ = path->resource;
    running.version_ = path->version;
    running.used_ = used;
    running.second_ = now;

    std::uint32_t const provisioned = used.provisioned ? 1 : 0;
    auto& account = *path->account;
    ++account.running;
    account.unreserved += used.reserved ? 0 : 1;
    account.peaks.at(now, now).add({.running = account.running, .other = account.unreserved});
    auto& function = *path->function;
    ++function.running;
    function.provisioned += provisioned;
    function.peaks.at(now, now).add(
        {.running = function.running, .provisioned = function.provisioned});
    auto& resource = *path->resource;
    ++resource.running;
    resource.provisioned += provisioned;
    std::uint32_t utilization = 0;
    if (used.provisioned_of > 0) {
        utilization = static_cast<std::uint32_t>(kUtilizationScale * used.provisioned_in_use /
                                                 used.provisioned_of);
    }
    resource.peaks.at(now, now).add(
        {.running = resource.running, .provisioned = resource.provisioned, .other = utilization});
    return running;
}

InvocationMetrics::Running::Running(Running&& other) noexcept
    : metrics_(std::exchange(other.metrics_, nullptr)),
      account_(other.account_),
      function_(other.function_),
      resource_(other.resource_),
      version_(other.version_),
      used_(other.used_),
      second_(other.second_) {}

InvocationMetrics::Running::~Running() {
    if (metrics_ == nullptr) return;
    std::uint32_t const provisioned = used_.provisioned ? 1 : 0;
    --account_->running;
    account_->unreserved -= used_.reserved ? 0 : 1;
    --function_->running;
    function_->provisioned -= provisioned;
    --resource_->running;
    resource_->provisioned -= provisioned;
}

void InvocationMetrics::Running::finish(InvocationFigures const& figures) {
    if (metrics_ == nullptr) return;
    auto const now = second_of(metrics_->clock_.wall_now());
    count(*version_, version_->buckets.at(second_, now), used_, figures);
}

void InvocationMetrics::throttled(InvocationTarget const& target) {
    auto const* const path = find_or_add(target);
    if (path == nullptr) return;
    auto const now = second_of(clock_.wall_now());
    ++path->version->buckets.at(now, now).throttles;
    ++path->version->totals.throttles;
}

bool InvocationMetrics::tidy(model::AccountId const& account, model::FunctionName const& name,
                             FunctionSeries& function, std::uint32_t now) {
    auto const recent = now - static_cast<std::uint32_t>(seconds_kept_.count()) + 1;
    auto const oldest = now - static_cast<std::uint32_t>(minutes_kept_.count());
    function.peaks.advance(recent, oldest);
    auto bytes = sizeof(FunctionSeries) + function.peaks.bytes();
    for (auto& [qualifier, resource] : function.resources) {
        resource.peaks.advance(recent, oldest);
        bytes += sizeof(ResourceSeries) + resource.peaks.bytes();
        for (auto version = resource.versions.begin(); version != resource.versions.end();) {
            auto& buckets = version->second.buckets;
            buckets.advance(recent, oldest);
            if (buckets.empty() && resource.running == 0) {
                paths_.erase(paths_.find(KeyView({account, name, qualifier, version->first})));
                version = resource.versions.erase(version);
                continue;
            }
            bytes += sizeof(VersionSeries) + buckets.bytes();
            ++version;
        }
    }
    std::erase_if(function.resources,
                  [](auto const& entry) { return entry.second.versions.empty(); });
    bytes_ += bytes - std::exchange(function.bytes, bytes);
    if (!function.resources.empty()) return true;
    bytes_ -= function.bytes;
    return false;
}

void InvocationMetrics::fit_into_memory() {
    auto const tight = limits_.bytes / 10 * 8, roomy = limits_.bytes / 10 * 6;
    if (bytes_ > tight) {
        if (minutes_kept_ > kMinutesKeptMin) {
            minutes_kept_ = std::max<std::chrono::seconds>(kMinutesKeptMin, minutes_kept_ * 3 / 4);
        } else {
            seconds_kept_ = std::max<std::chrono::seconds>(kSecondsKeptMin, seconds_kept_ * 3 / 4);
        }
    } else if (bytes_ < roomy) {
        if (seconds_kept_ < kSecondsKept) {
            seconds_kept_ = std::min<std::chrono::seconds>(kSecondsKept, seconds_kept_ * 5 / 4);
        } else {
            minutes_kept_ = std::min<std::chrono::seconds>(kMinutesKept, minutes_kept_ * 5 / 4);
        }
    }
}

void InvocationMetrics::advance() {
    auto const now = second_of(clock_.wall_now());
    std::uint32_t index = 0;
    for (auto& [id, account] : accounts_) {
        if (account.running > 0) {
            account.peaks.at(now, now).add(
                {.running = account.running, .other = account.unreserved});
        }
        account.peaks.advance(now - static_cast<std::uint32_t>(seconds_kept_.count()) + 1,
                              now - static_cast<std::uint32_t>(minutes_kept_.count()));
        for (auto entry = account.functions.begin(); entry != account.functions.end();) {
            auto& [name, function] = *entry;
            if (function.running > 0) {
                function.peaks.at(now, now).add(
                    {.running = function.running, .provisioned = function.provisioned});
                for (auto& [qualifier, resource] : function.resources) {
                    if (resource.running == 0) continue;
                    resource.peaks.at(now, now).add(
                        {.running = resource.running, .provisioned = resource.provisioned});
                }
            }
            bool const turn = index++ % kTidySlices == now % kTidySlices;
            entry = turn && !tidy(id, name, function, now) ? account.functions.erase(entry)
                                                           : std::next(entry);
        }
    }
    if (now / kTidySlices != advanced_ / kTidySlices) fit_into_memory();
    advanced_ = now;
}

io::Task<> InvocationMetrics::run() {
    for (;;) {
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kTick));
        advance();
    }
}

}  // namespace meridian::telemetry
