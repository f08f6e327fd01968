#include "invoke/environment_pool.h"

#include <algorithm>
#include <utility>

namespace meridian::invoke {

using model::EnvironmentState;

EnvironmentPool::EnvironmentPool(EnvironmentServices const& services,
                                 model::RunnableVersionPtr function,
                                 std::shared_ptr<RuntimeBundle const> bundle)
    : services_(services), function_(std::move(function)), bundle_(std::move(bundle)) {}

namespace {

bool is_provisioned(ExecutionEnvironment const& environment) noexcept {
    return environment.type() == InitializationType::kProvisionedConcurrency;
}

// What a waiting environment is worth to the next invocation.
constexpr int kReadyRank = 2;
constexpr int kProvisionedRank = 1;
int rank(ExecutionEnvironment const& environment) noexcept {
    return (environment.state() == EnvironmentState::kReady ? kReadyRank : 0) +
           (is_provisioned(environment) ? kProvisionedRank : 0);
}

}  // namespace

std::shared_ptr<ExecutionEnvironment> EnvironmentPool::take() {
    if (available_.empty()) return make(InitializationType::kOnDemand);
    // Of equals the one that was used last; mostly that is the best there can be.
    int const best = provisioned_ > 0 ? kReadyRank + kProvisionedRank : kReadyRank;
    auto chosen = available_.rbegin();
    for (auto other = chosen; other != available_.rend() && rank(**chosen) < best; ++other) {
        if (rank(**other) > rank(**chosen)) chosen = other;
    }
    auto* const environment = *chosen;
    available_.erase(std::prev(chosen.base()));
    return environment->shared_from_this();
}

std::shared_ptr<ExecutionEnvironment> EnvironmentPool::make(InitializationType type) {
    auto const weak = weak_from_this();
    auto environment =
        std::make_shared<ExecutionEnvironment>(services_, function_, bundle_, type,
                                               ExecutionEnvironment::Observer{
                                                   .on_available =
                                                       [weak](ExecutionEnvironment& e) {
                                                           if (auto const pool = weak.lock())
                                                               pool->on_available(e);
                                                       },
                                                   .on_gone =
                                                       [weak](ExecutionEnvironment& e) {
                                                           if (auto const pool = weak.lock())
                                                               pool->on_gone(e);
                                                       },
                                               });
    environments_.push_back(environment);
    environment->start();
    return environment;
}

std::size_t EnvironmentPool::count_provisioned() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        environments_, [](auto const& e) { return is_provisioned(*e) && !e->ending(); }));
}

void EnvironmentPool::provision(std::uint32_t count) {
    provisioned_ = retired_ ? 0 : count;
    auto kept = count_provisioned();
    for (; kept < provisioned_ && failed_inits_ < model::limits::kProvisionedInitTriesMax; ++kept)
        make(InitializationType::kProvisionedConcurrency);
    std::erase_if(available_, [&](auto* const environment) {
        if (kept <= provisioned_ || !is_provisioned(*environment)) return false;
        --kept;
        environment->shutdown();
        return true;
    });
}

ProvisionedStatus EnvironmentPool::provisioned_status() const noexcept {
    ProvisionedStatus status;
    for (auto const& environment : environments_) {
        if (!is_provisioned(*environment)) continue;
        // One whose runtime died after an invocation starts it again within the next.
        auto const state = environment->state();
        if (state == EnvironmentState::kReady || state == EnvironmentState::kInvoking ||
            (state == EnvironmentState::kReset && !environment->init_failed()))
            ++status.initialised;
    }
    status.initialised = std::min(status.initialised, provisioned_);
    status.failed_inits = failed_inits_;
    status.init_failed =
        provisioned_ > 0 && failed_inits_ >= model::limits::kProvisionedInitTriesMax;
    return status;
}

void EnvironmentPool::on_available(ExecutionEnvironment& environment) {
    if (retired_ || environment.worn_out(services_.clock.monotonic_now())) {
        // Its answer is on the way out; the environment has nothing more to do.
        environment.shutdown();
        return;
    }
    if (is_provisioned(environment)) {
        bool const failed =
            environment.state() == EnvironmentState::kReset && environment.init_failed();
        failed_inits_ = failed ? failed_inits_ + 1 : 0;
        // Nobody gets one that failed: the next tick tries another. Nor one that is too many, which
        // was busy when that was said.
        if (failed || count_provisioned() > provisioned_) {
            std::erase(available_, &environment);
            environment.shutdown();
            return;
        }
    }
    // Told again when a runtime dies while it waits.
    if (std::ranges::find(available_, &environment) == available_.end())
        available_.push_back(&environment);
}

void EnvironmentPool::on_gone(ExecutionEnvironment& environment) {
    std::erase(available_, &environment);
    std::erase_if(environments_, [&](auto const& e) { return e.get() == &environment; });
    // One that was kept initialised has a successor.
    if (environment.worn_out(services_.clock.monotonic_now())) provision(provisioned_);
}

void EnvironmentPool::tick(MonotonicTime now, std::chrono::milliseconds freeze_after,
                           std::chrono::milliseconds expire_after) {
    std::erase_if(available_, [&](auto* const environment) {
        if (!environment->idle()) return false;
        if (environment->worn_out(now)) {
            environment->shutdown();
            return true;
        }
        auto const waited = now - environment->idle_since();
        if (waited >= expire_after && !is_provisioned(*environment)) {
            environment->shutdown();
            return true;
        }
        if (waited >= freeze_after) environment->freeze();
        return false;
    });
}

bool EnvironmentPool::has_unfrozen_idle() const noexcept {
    return std::ranges::any_of(available_, [](auto const* e) { return e->idle() && !e->frozen(); });
}

void EnvironmentPool::retire() {
    retired_ = true;
    for (auto* const environment : available_) environment->shutdown();
    available_.clear();
}

void EnvironmentPool::shutdown() {
    retired_ = true;
    available_.clear();
    auto const all = environments_;  // shutting down may remove from it
    for (auto const& environment : all) environment->shutdown();
}

}  // namespace meridian::invoke
