#pragma once
// Makes functions ready: after a create or an update has been committed, the function is Pending or
// InProgress until its code is unpacked here and its runtime is installed; then a status is
// committed that says Active or Successful (or Failed and why), and the version is published to the
// data plane. At start it loads everything from the store and finishes what a stop or a crash left
// half-made.
//
// A failed update keeps running the version before it, also after a restart: the status remembers
// it.
//
// Threads: belongs to its region's executor.

#include <chrono>
#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "control/function_table.h"
#include "control/published_functions.h"
#include "control/runtime_catalog.h"
#include "io/task_scope.h"
#include "store/code_store.h"

namespace meridian::control {

class FunctionLifecycle {
  public:
    struct Options {
        std::size_t preparations_at_once = 2;  // unpacking is disk work: more at once is not faster
        // Between tries when the disk or the store does not answer; doubles up to the second.
        std::chrono::milliseconds retry_first{100};
        std::chrono::milliseconds retry_last{30'000};
    };
    struct Parts {
        store::Store& store;
        FunctionTable& table;
        store::CodeStore& code;
        RuntimeCatalog const& runtimes;
        PublishedFunctions& published;
        Log& log;
    };

    FunctionLifecycle(asio::any_io_executor executor, Parts parts, Options options);
    FunctionLifecycle(FunctionLifecycle const&) = delete;
    FunctionLifecycle& operator=(FunctionLifecycle const&) = delete;

    // Publishes every function of the store and starts to prepare those that have not settled.
    io::Task<> load();

    // Brings `name` to rest in the background: for a definition that was just written, here or by a
    // follower.
    void prepare(model::AccountId const& account, model::FunctionName const& name);

    // Publishes what a record says; `sequence` is its commit's.
    void publish(model::Function const& function, VersionStatus const& status,
                 store::Sequence sequence);
    void publish(model::AccountId const& account, model::FunctionName const& name,
                 model::FunctionVersion const& version, VersionStatus const& status,
                 store::Sequence sequence);

    asio::awaitable<void> stop();
    // Nothing is being prepared and nothing waits for it.
    [[nodiscard]] bool is_idle() const noexcept { return queue_.empty() && working_.empty(); }

    [[nodiscard]] bool is_preparing(model::AccountId const& account,
                                    model::FunctionName const& name) const;

  private:
    using FunctionId = std::pair<model::AccountId, model::FunctionName>;

    void start_workers();
    io::Task<> work(FunctionId id);
    // True when nothing about the function is left to do. An error is one to try again after.
    io::Task<bool> settle(FunctionId id);
    // What becomes of `definition`: its status once its code and runtime have been looked at.
    io::Task<VersionStatus> examine(VersionStatus now, model::FunctionVersion definition);

    Parts parts_;
    Options options_;
    io::TaskScope scope_;
    std::deque<FunctionId> queue_;
    std::set<FunctionId> queued_;   // what queue_ holds
    std::set<FunctionId> working_;  // one worker a function
};

}  // namespace meridian::control
