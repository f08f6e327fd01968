#pragma once
// The execution environments of one function version: which of them serves the next invocation, and
// when an idle one is frozen, ended or retired.
//
// Threads: belongs to the data plane's executor. Kept alive by its invoker and by invocations in
// progress.

#include <memory>
#include <vector>

#include "invoke/execution_environment.h"

namespace meridian::invoke {

// How far a pool is with what it was told to keep initialised.
struct ProvisionedStatus {
    std::uint32_t initialised = 0;
    std::uint32_t failed_inits = 0;  // in a row
    bool init_failed = false;        // as often as it is tried: no more is made
};

class EnvironmentPool : public std::enable_shared_from_this<EnvironmentPool> {
  public:
    EnvironmentPool(EnvironmentServices const& services, model::RunnableVersionPtr function,
                    std::shared_ptr<RuntimeBundle const> bundle);

    // One that was kept initialised, or else any: the environment that used the processor last and
    // waits; else one that has answered and is about to wait; else a new one, which is being
    // initialised.
    [[nodiscard]] std::shared_ptr<ExecutionEnvironment> take();

    // Keeps this many environments initialised, apart from those that invocations made: makes what
    // is missing, unless Init failed too often, and ends what is too many. 0 ends it.
    void provision(std::uint32_t count);
    // Init may be tried again.
    void forget_failures() noexcept { failed_inits_ = 0; }
    [[nodiscard]] ProvisionedStatus provisioned_status() const noexcept;

    // Freezes what has waited for `freeze_after`, ends what has waited for `expire_after`.
    void tick(MonotonicTime now, std::chrono::milliseconds freeze_after,
              std::chrono::milliseconds expire_after);

    // No new invocations: waiting environments end now, busy ones when they have answered.
    void retire();
    // All end now, whatever they do.
    void shutdown();

    [[nodiscard]] bool empty() const noexcept { return environments_.empty() && provisioned_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return environments_.size(); }
    [[nodiscard]] bool has_unfrozen_idle() const noexcept;
    [[nodiscard]] model::RunnableVersion const& function() const noexcept { return *function_; }

  private:
    std::shared_ptr<ExecutionEnvironment> make(InitializationType type);
    void on_available(ExecutionEnvironment& environment);
    void on_gone(ExecutionEnvironment& environment);
    [[nodiscard]] std::size_t count_provisioned() const noexcept;

    EnvironmentServices const services_;
    model::RunnableVersionPtr const function_;
    std::shared_ptr<RuntimeBundle const> const bundle_;
    std::vector<std::shared_ptr<ExecutionEnvironment>> environments_;
    std::vector<ExecutionEnvironment*> available_;  // the most recently used last
    std::uint32_t provisioned_ = 0;
    std::uint32_t failed_inits_ = 0;  // of those to be kept, one after the other
    bool retired_ = false;
};

}  // namespace meridian::invoke
