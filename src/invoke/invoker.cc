#include "invoke/invoker.h"

#include <fmt/format.h>

#include "io/sleep.h"

namespace meridian::invoke {

using namespace std::chrono_literals;

namespace {

constexpr auto kBusyTick = 50ms;  // while something is to be frozen
constexpr auto kQuietTick = 1000ms;

// Whether an environment of `old` may serve `now`.
bool same_code_and_settings(model::RunnableVersion const& old, model::RunnableVersion const& now) {
    return old.version.code == now.version.code && old.version.settings == now.version.settings;
}

telemetry::InvocationFigures figures_of(InvokeResult const& result,
                                        model::RunnableVersion const& function) {
    return {.duration = result.duration,
            .init_duration = result.init_duration,
            .cold_start = result.cold_start,
            .error = result.function_error.has_value(),
            .billed_ms = telemetry::billed_ms(
                {.duration = result.duration, .init_duration = result.init_duration}),
            .memory_mb = function.version.settings.memory_mb};
}

}  // namespace

Invoker::Invoker(EnvironmentServices services, FunctionCatalog& catalog,
                 RuntimeBundles const& bundles, telemetry::InvocationMetrics& metrics,
                 InvokerOptions options)
    : services_(std::move(services)),
      catalog_(catalog),
      bundles_(bundles),
      metrics_(metrics),
      options_(options),
      limiter_(options.account_concurrency) {}

Result<model::RunnableVersionPtr> Invoker::check(model::AccountId const& account,
                                                 model::FunctionName const& name,
                                                 model::Qualifier const& qualifier) {
    MERIDIAN_TRY(auto function, catalog_.resolve(account, name, qualifier));
    if (function->status.state != model::State::kActive) {
        return fail(
            Errc::kResourceConflict,
            fmt::format(
                "The operation cannot be performed at this time. The function is currently in the "
                "following state: {}",
                model::name_of(function->status.state)));
    }
    return function;
}

Result<std::shared_ptr<EnvironmentPool>> Invoker::pool_of(
    model::RunnableVersionPtr const& function) {
    PoolKey const key{function->account, function->name, function->version.version};
    auto found = pools_.find(key);
    if (found != pools_.end() && !same_code_and_settings(found->second->function(), *function)) {
        retire_pool(found);
        found = pools_.end();
    }
    if (found == pools_.end()) {
        auto const& runtime = function->version.settings.runtime;
        auto bundle = bundles_.find(runtime);
        if (!bundle) {
            return fail(Errc::kInvalidRuntime,
                        fmt::format("The runtime {} is not installed on this machine. Install it "
                                    "with: meridian runtime "
                                    "build {}",
                                    runtime, runtime));
        }
        found = pools_
                    .emplace(key, std::make_shared<EnvironmentPool>(services_, function,
                                                                    std::move(bundle)))
                    .first;
    }
    return found->second;
}

io::Task<InvokeResult> Invoker::invoke(InvokeRequest request) {
    if (stopping_) co_return fail(Errc::kUnavailable, "The service is shutting down.");
    MERIDIAN_CO_TRY(auto const function, check(request.account, request.name, request.qualifier));
    auto const& version = function->version.version;
    telemetry::InvocationTarget const target{request.account, request.name, request.qualifier,
                                             version};
    auto const share = catalog_.concurrency_share(request.account, request.name, version);
    auto const slot = limiter_.acquire(request.account, request.name, version, share);
    if (!slot) {
        metrics_.throttled(target);
        co_return std::unexpected(slot.error());
    }
    MERIDIAN_CO_TRY(auto const pool, pool_of(function));
    auto running = metrics_.begin(
        target, {.reserved = share.reserved.has_value(),
                 .provisioned = slot->provisioned(),
                 .provisioned_in_use = slot->provisioned() ? slot->in_use() : share.provisioned,
                 .provisioned_of = share.provisioned});
    auto const environment = pool->take();
    MERIDIAN_CO_TRY(auto result, co_await environment->invoke(std::move(request)));
    running.finish(figures_of(result, *function));
    co_return result;
}

void Invoker::retire_pool(std::map<PoolKey, std::shared_ptr<EnvironmentPool>>::iterator pool) {
    pool->second->retire();
    retiring_.push_back(std::move(pool->second));
    pools_.erase(pool);
}

void Invoker::retire(model::AccountId const& account, model::FunctionName const& name,
                     model::Version const& version) {
    auto const found = pools_.find({account, name, version});
    if (found != pools_.end()) retire_pool(found);
}

void Invoker::refresh(model::RunnableVersionPtr const& now) {
    auto const found = pools_.find({now->account, now->name, now->version.version});
    if (found != pools_.end() && !same_code_and_settings(found->second->function(), *now))
        retire_pool(found);
}

void Invoker::retire_all(model::AccountId const& account, model::FunctionName const& name) {
    for (auto pool = pools_.begin(); pool != pools_.end();) {
        auto const next = std::next(pool);
        if (std::get<0>(pool->first) == account && std::get<1>(pool->first) == name)
            retire_pool(pool);
        pool = next;
    }
}

void Invoker::provision(model::AccountId const& account, model::FunctionName const& name,
                        model::Version const& version, std::uint32_t count) {
    PoolKey const key{account, name, version};
    if (count == 0) {
        provisioned_.erase(key);
    } else {
        provisioned_[key] = count;
    }
    if (auto const found = pools_.find(key); found != pools_.end())
        found->second->forget_failures();
    keep_provisioned(key, count);
}

void Invoker::keep_provisioned(PoolKey const& key, std::uint32_t count) {
    auto const& [account, name, version] = key;
    if (count == 0) {
        auto const found = pools_.find(key);
        if (found != pools_.end()) found->second->provision(0);
        return;
    }
    // What cannot be run now (not ready yet, its runtime missing) is tried again with the next
    // tick.
    auto const function = check(account, name, model::Qualifier(version.value()));
    if (!function) return;
    if (auto const pool = pool_of(*function)) (*pool)->provision(count);
}

ProvisionedStatus Invoker::provisioned_status(model::AccountId const& account,
                                              model::FunctionName const& name,
                                              model::Version const& version) const {
    auto const found = pools_.find({account, name, version});
    return found == pools_.end() ? ProvisionedStatus{} : found->second->provisioned_status();
}

io::Task<> Invoker::run() {
    for (;;) {
        bool unfrozen = false;
        for (auto const& [key, count] : provisioned_) keep_provisioned(key, count);
        auto const now = services_.clock.monotonic_now();
        for (auto const& [key, pool] : pools_) {
            pool->tick(now, options_.freeze_after, options_.idle_lifetime);
            unfrozen = unfrozen || pool->has_unfrozen_idle();
        }
        std::erase_if(pools_, [](auto const& entry) { return entry.second->empty(); });
        std::erase_if(retiring_, [](auto const& pool) { return pool->size() == 0; });
        MERIDIAN_CO_CHECK(co_await io::sleep_for(unfrozen ? kBusyTick : kQuietTick));
    }
}

asio::awaitable<void> Invoker::stop() {
    stopping_ = true;
    provisioned_.clear();
    for (auto const& [key, pool] : pools_) pool->shutdown();
    for (auto const& pool : retiring_) pool->shutdown();
    while (environment_count() > 0) (void)co_await io::sleep_for(2ms);
    pools_.clear();
    retiring_.clear();
}

std::size_t Invoker::environment_count() const {
    std::size_t count = 0;
    for (auto const& [key, pool] : pools_) count += pool->size();
    for (auto const& pool : retiring_) count += pool->size();
    return count;
}

}  // namespace meridian::invoke
