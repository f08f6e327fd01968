#pragma once
// The data plane's front door: finds the version, takes a unit of concurrency, picks or makes an
// environment, returns the answer.
//
// Threads: belongs to its executor. Built by main, one a region.

#include <chrono>
#include <map>
#include <memory>
#include <tuple>

#include "invoke/concurrency_limiter.h"
#include "invoke/environment_pool.h"
#include "model/limits.h"
#include "telemetry/invocation_metrics.h"

namespace meridian::invoke {

struct InvokerOptions {
    std::uint32_t account_concurrency = model::limits::kAccountConcurrencyMax;
    std::chrono::milliseconds idle_lifetime = model::limits::kIdleEnvironmentLifetime;
    std::chrono::milliseconds freeze_after = model::limits::kFreezeAfterIdle;
};

class Invoker {
  public:
    // What it invokes is counted in `metrics`, which outlives it.
    Invoker(EnvironmentServices services, FunctionCatalog& catalog, RuntimeBundles const& bundles,
            telemetry::InvocationMetrics& metrics, InvokerOptions options);

    // Runs the function and waits for its answer. Errors: kResourceNotFound, kResourceConflict
    // (state), kTooManyRequests, kInvalidRuntime (not installed here), kUnavailable or kIo (no
    // environment).
    io::Task<InvokeResult> invoke(InvokeRequest request);
    // Everything invoke() checks before the function runs.
    [[nodiscard]] Result<model::RunnableVersionPtr> check(model::AccountId const& account,
                                                          model::FunctionName const& name,
                                                          model::Qualifier const& qualifier);

    // The version is run as `now` says: environments of another code or configuration end, those
    // that are busy after their answer.
    void refresh(model::RunnableVersionPtr const& now);
    // The version is gone; the same.
    void retire(model::AccountId const& account, model::FunctionName const& name,
                model::Version const& version);

    // The function with all its versions is gone.
    void retire_all(model::AccountId const& account, model::FunctionName const& name);

    // From now on this many environments of the version are kept initialised (0: none), as soon as
    // it can be run; what dies is made anew by run().
    void provision(model::AccountId const& account, model::FunctionName const& name,
                   model::Version const& version, std::uint32_t count);
    [[nodiscard]] ProvisionedStatus provisioned_status(model::AccountId const& account,
                                                       model::FunctionName const& name,
                                                       model::Version const& version) const;

    // Freezes and ends idle environments, and keeps the provisioned ones, for ever. Run in a
    // TaskScope.
    io::Task<> run();
    // Ends every environment; completes when all are gone.
    asio::awaitable<void> stop();

    [[nodiscard]] std::size_t environment_count() const;

  private:
    using PoolKey = std::tuple<model::AccountId, model::FunctionName, model::Version>;

    [[nodiscard]] Result<std::shared_ptr<EnvironmentPool>> pool_of(
        model::RunnableVersionPtr const& function);
    void keep_provisioned(PoolKey const& key, std::uint32_t count);
    void retire_pool(std::map<PoolKey, std::shared_ptr<EnvironmentPool>>::iterator pool);

    EnvironmentServices const services_;
    FunctionCatalog& catalog_;
    RuntimeBundles const& bundles_;
    telemetry::InvocationMetrics& metrics_;
    InvokerOptions const options_;
    ConcurrencyLimiter limiter_;
    std::map<PoolKey, std::shared_ptr<EnvironmentPool>> pools_;
    std::vector<std::shared_ptr<EnvironmentPool>>
        retiring_;  // until their last environment is gone
    std::map<PoolKey, std::uint32_t> provisioned_;
    bool stopping_ = false;
};

}  // namespace meridian::invoke
