#include "invoke/environment_pool.h"

#include <algorithm>
#include <utility>

namespace meridian::invoke {

using model::EnvironmentState;

EnvironmentPool::EnvironmentPool(EnvironmentServices const& services,
                                 model::RunnableVersionPtr function,
                                 std::shared_ptr<RuntimeBundle const> bundle)
    : services_(services), function_(std::move(function)), bundle_(std::move(bundle)) {}

std::shared_ptr<ExecutionEnvironment> EnvironmentPool::take() {
    if (!available_.empty()) {
        auto const ready =
            std::find_if(available_.rbegin(), available_.rend(), [](auto const* environment) {
                return environment->state() == EnvironmentState::kReady;
            });
        auto const chosen =
            ready == available_.rend() ? std::prev(available_.end()) : std::prev(ready.base());
        auto* const environment = *chosen;
        available_.erase(chosen);
        return environment->shared_from_this();
    }
    return make(InitializationType::kOnDemand);
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

void EnvironmentPool::provision(std::uint32_t count) {
    provisioned_ = retired_ ? 0 : count;
    while (environments_.size() < provisioned_) make(InitializationType::kProvisionedConcurrency);
}

ProvisionedStatus EnvironmentPool::provisioned_status() const noexcept {
    ProvisionedStatus status;
    for (auto const& environment : environments_) {
        switch (environment->state()) {
            case EnvironmentState::kReady:
            case EnvironmentState::kInvoking:
                ++status.initialised;
                break;
            case EnvironmentState::kReset:
                // Its runtime died. After an invocation that is one thing, without one another.
                if (environment->init_failed()) {
                    status.init_failed = true;
                } else {
                    ++status.initialised;
                }
                break;
            default:
                break;
        }
    }
    status.initialised = std::min(status.initialised, provisioned_);
    return status;
}

void EnvironmentPool::on_available(ExecutionEnvironment& environment) {
    if (retired_ || environment.worn_out(services_.clock.monotonic_now())) {
        // Its answer is on the way out; the environment has nothing more to do.
        environment.shutdown();
        return;
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
    auto spare = environments_.size() - std::min<std::size_t>(environments_.size(), provisioned_);
    // The least recently used first.
    std::erase_if(available_, [&](auto* const environment) {
        if (!environment->idle()) return false;
        if (environment->worn_out(now)) {
            environment->shutdown();
            return true;
        }
        auto const waited = now - environment->idle_since();
        if (waited >= expire_after && spare > 0) {
            --spare;
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
