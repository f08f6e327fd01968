#include "invoke/environment_pool.h"

#include <algorithm>

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
    auto const weak = weak_from_this();
    auto environment =
        std::make_shared<ExecutionEnvironment>(services_, function_, bundle_,
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

void EnvironmentPool::on_available(ExecutionEnvironment& environment) {
    if (retired_) {
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
}

void EnvironmentPool::tick(MonotonicTime now, std::chrono::milliseconds freeze_after,
                           std::chrono::milliseconds expire_after) {
    for (auto* const environment : available_) {
        if (!environment->idle()) continue;
        auto const waited = now - environment->idle_since();
        if (waited >= expire_after) {
            environment->shutdown();
        } else if (waited >= freeze_after) {
            environment->freeze();
        }
    }
    std::erase_if(available_, [&](auto const* e) {
        return e->idle() && now - e->idle_since() >= expire_after;
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
