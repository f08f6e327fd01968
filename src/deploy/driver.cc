#include "deploy/driver.h"

#include <algorithm>

#include <fmt/format.h>

#include "deploy/driver_region.h"
#include "io/one_shot.h"
#include "io/task_scope.h"
#include "model/rollout_names.h"

namespace meridian::deploy {
namespace {

using std::chrono::seconds;

// How far a region is when it has come to a phase.
double share_of(RegionPart const& part) {
    switch (part.phase) {
        case RegionPhase::kWaiting:
            return 0;
        case RegionPhase::kApplying: {
            auto const all = std::max<std::size_t>(part.plan.changes.size(), 1);
            return 0.4 * static_cast<double>(std::min(part.work.done.size(), all)) /
                   static_cast<double>(all);
        }
        case RegionPhase::kBeforeHooks:
            return 0.4;
        case RegionPhase::kShifting: {
            double sum = 0;
            for (auto const& shift : part.shifts) sum += shift.percent() / 100.0;
            auto const count = std::max<std::size_t>(part.shifts.size(), 1);
            return 0.45 + 0.3 * sum / static_cast<double>(count);
        }
        case RegionPhase::kAfterHooks:
            return 0.75;
        case RegionPhase::kBaking:
            return 0.8;
        case RegionPhase::kReady:
            return 0.9;
        case RegionPhase::kCleaning:
        case RegionPhase::kRollingBack:
            return 0.95;
        default:
            return 1;
    }
}

seconds left_of(RegionPart const& part, std::uint64_t bake_seconds, WallTime now) {
    if (part.phase == RegionPhase::kBaking && part.bakes_until) {
        return std::max(seconds(0), std::chrono::ceil<seconds>(*part.bakes_until - now));
    }
    bool const ahead = part.phase == RegionPhase::kWaiting || can_go_back(part.phase);
    if (!ahead) return seconds(0);
    seconds longest{0};
    if (part.shifts.empty()) {
        for (auto const& wished : part.stack.shifts) {
            auto const* const change = part.plan.find(wished.alias);
            if (change == nullptr || !change->shifts) continue;
            if (auto const steps = parse_traffic_shift(wished.type))
                longest = std::max(longest, duration_of(*steps));
        }
    }
    for (auto const& shift : part.shifts) {
        seconds sum{0};
        for (auto i = shift.next; i < shift.steps.size(); ++i) sum += shift.steps[i].stays;
        if (shift.next > 0 && !shift.is_over())
            sum += std::max(seconds(0), std::chrono::ceil<seconds>(shift.due - now));
        longest = std::max(longest, sum);
    }
    return longest + seconds(bake_seconds);
}

}  // namespace

std::string make_rollout_id(Random& random) {
    return std::string(model::kRolloutIdPrefix) +
           make_token(random, model::kRolloutIdAlphabet, model::kRolloutIdChars);
}

double share_done(RolloutRecord const& rollout) {
    double sum = 0;
    for (auto const& [name, part] : rollout.regions) sum += share_of(part);
    return rollout.regions.empty() ? 1 : sum / static_cast<double>(rollout.regions.size());
}

seconds time_left(RolloutRecord const& rollout, WallTime now) {
    std::map<std::size_t, seconds> by_wave;
    for (auto const& [name, part] : rollout.regions) {
        auto& longest = by_wave[part.wave];
        longest = std::max(longest, left_of(part, rollout.bake_seconds, now));
    }
    seconds sum{0};
    for (auto const& [wave, left] : by_wave) sum += left;
    return sum;
}

Driver::Driver(DriverParts parts, RolloutRecord rollout,
               std::map<std::string, std::string> packages)
    : parts_(std::move(parts)), rollout_(std::move(rollout)), packages_(std::move(packages)) {}

RolloutPolicy Driver::policy() const {
    return {.roll_back_earlier_waves = rollout_.roll_back_earlier_waves,
            .aborted = parts_.store.signals().abort};
}

void Driver::tell(std::string const& region, std::string_view text) const {
    parts_.tell({.region = region,
                 .text = std::string(text),
                 .done = share_done(rollout_),
                 .remaining = time_left(rollout_, parts_.clock.wall_now())});
}

Result<void> Driver::move(std::string const& region, RegionEvent event) {
    auto& part = rollout_.regions.at(region);
    auto const next = next_state(kRegionTransitions, part.phase, event);
    if (!next) {
        return fail(Errc::kInternal,
                    fmt::format("{}: {} in {}", region, name_of(event), name_of(part.phase)));
    }
    part.phase = *next;
    return {};
}

void Driver::try_again() {
    for (auto& [region, part] : rollout_.regions) {
        if (part.phase == RegionPhase::kStuck) (void)move(region, RegionEvent::kUndo);
    }
}

Result<void> Driver::may_go_on(std::string const& region) const {
    if (lost_) return std::unexpected(*lost_);
    auto const& mine = rollout_.regions.at(region);
    if (!can_go_back(mine.phase)) return {};
    if (parts_.store.signals().abort) return fail(Errc::kCancelled, "it was aborted");
    for (auto const& [name, part] : rollout_.regions) {
        // A wave stands or falls together.
        if (part.wave == mine.wave && !part.failure.empty() && name != region)
            return fail(Errc::kCancelled, fmt::format("{} failed", name));
    }
    return {};
}

io::Task<std::string> Driver::package(std::string sha256) {
    if (auto const found = packages_.find(sha256); found != packages_.end())
        co_return found->second;
    MERIDIAN_CO_TRY(auto bytes, co_await parts_.store.get_package(rollout_.id, sha256));
    packages_[sha256] = bytes;
    co_return bytes;
}

io::Task<> Driver::work_in(std::string region) {
    RegionDriver driver(
        {.region = region,
         .rollout = rollout_,
         .shared = parts_,
         .package = [this](std::string sha256) { return package(std::move(sha256)); },
         .step =
             [this, region](WorkStep step) {
                 return parts_.store.save_step(rollout_, region, std::move(step));
             },
         .save =
             [this, region](std::optional<WorkStep> step) {
                 return parts_.store.save(rollout_, region, std::move(step));
             },
         .save_all = [this] { return parts_.store.save_all(rollout_); },
         .move = [this, region](RegionEvent event) { return move(region, event); },
         .may_go_on = [this, region] { return may_go_on(region); },
         .lost = [this] { return lost_; },
         .tell = [this, region](std::string_view text) { tell(region, text); }});
    auto const done = co_await driver.run();
    if (!done && !lost_) lost_ = done.error();
    co_return done;
}

io::Task<> Driver::keep_lease(std::shared_ptr<bool> stop) {
    auto kept_at = parts_.clock.monotonic_now();
    bool told = false;
    while (!*stop) {
        MERIDIAN_CO_CHECK(co_await parts_.pause(kLeaseRenewal));
        if (*stop) break;
        auto const kept = co_await parts_.store.renew(rollout_.id);
        auto const now = parts_.clock.monotonic_now();
        if (kept) {
            if (told) tell({}, "the regions answer again");
            kept_at = now;
            told = false;
            continue;
        }
        if (kept.error().code != Errc::kUnavailable) {
            lost_ = kept.error();
            break;
        }
        if (now - kept_at >= seconds(kLeaseSeconds)) {
            lost_ = Error{Errc::kUnavailable,
                          fmt::format("no region has answered for {} s, so that the lease is over: "
                                      "{}",
                                      kLeaseSeconds, kept.error().message),
                          {}};
            break;
        }
        if (!told) tell({}, fmt::format("no region answers: {}", kept.error().message));
        told = true;
    }
    co_return Result<void>{};
}

namespace {

io::Task<> count_down(io::Task<> work, std::shared_ptr<std::size_t> left,
                      std::shared_ptr<io::OneShot<bool>> all) {
    auto done = co_await std::move(work);
    if (--*left == 0) all->set(true);
    co_return done;
}

}  // namespace

io::Task<> Driver::run_side_by_side(std::vector<std::string> regions) {
    auto const left = std::make_shared<std::size_t>(regions.size());
    auto const all = std::make_shared<io::OneShot<bool>>();
    io::TaskScope scope(co_await asio::this_coro::executor, parts_.log);
    for (auto const& region : regions) scope.spawn(region, count_down(work_in(region), left, all));
    auto const waited = co_await all->wait();
    co_await scope.stop();
    if (!waited) co_return std::unexpected(waited.error());
    if (lost_) co_return std::unexpected(*lost_);
    co_return Result<void>{};
}

io::Task<RolloutOutcome> Driver::run() {
    auto const stop = std::make_shared<bool>(false);
    io::TaskScope leases(co_await asio::this_coro::executor, parts_.log);
    leases.spawn("lease", keep_lease(stop));
    Result<RolloutOutcome> outcome = fail(Errc::kInternal, "the execution has not ended");
    for (;;) {
        auto const step = next_step(rollout_.states(), policy());
        if (step.finished) {
            auto const written = co_await parts_.store.save_all(rollout_, step.outcome);
            outcome =
                written ? Result<RolloutOutcome>(step.outcome) : std::unexpected(written.error());
            break;
        }
        Result<void> done;
        for (auto const& order : step.orders) {
            if (done) done = move(order.region, order.event);
        }
        if (done && !step.orders.empty()) done = co_await parts_.store.save_all(rollout_);
        if (done && !step.run.empty()) done = co_await run_side_by_side(step.run);
        if (!done) {
            outcome = std::unexpected(done.error());
            break;
        }
    }
    *stop = true;
    co_await leases.stop();
    co_return outcome;
}

}  // namespace meridian::deploy
