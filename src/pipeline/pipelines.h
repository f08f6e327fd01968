#pragma once
// A region's pipelines and their executions, as records of its store. It starts an execution for
// every commit that a pipeline's branch is moved to, and a runner for every execution that is
// queued; both again after a kill, from what the records say.
//
// Threads: belongs to its region's executor.

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "io/task_scope.h"
#include "pipeline/ports.h"
#include "store/store.h"

namespace meridian::pipeline {

// Ours, all of them.
inline constexpr std::size_t kPipelinesPerAccountMax = 1'000;
inline constexpr std::size_t kExecutionsKeptMax = 100;  // of a pipeline; the oldest go
inline constexpr std::size_t kRunnersMax = 4;           // at a time in a region
inline constexpr std::size_t kPipelineNameCharsMax = 100;
inline constexpr auto kRunnerPause = std::chrono::seconds(1);  // between a lost one and the next

// Letters, digits, '-' and '_': CodePipeline's rule without '.' and '@'.
[[nodiscard]] bool is_pipeline_name(std::string_view name) noexcept;

struct Pipeline {
    std::string name;
    std::string repository;
    std::string branch;
    std::uint64_t last_number = 0;  // of its executions
    std::string last_commit = {};   // that an execution was started for
};

struct ExecutionId {
    model::AccountId account;
    std::string pipeline;
    std::uint64_t number = 0;

    auto operator<=>(ExecutionId const&) const = default;
};

class Pipelines {
  public:
    // All by reference outlives it.
    struct Parts {
        store::Store& store;
        Sources& sources;
        Runners& runners;
        Clock const& clock;
        Log& log;
        asio::any_io_executor executor;
        std::chrono::milliseconds runner_pause = kRunnerPause;
    };
    explicit Pipelines(Parts parts);

    // Starts what was missed and goes on with what was interrupted. Call once, when the region
    // answers.
    io::Task<> resume();
    // A push to the repository has ended.
    void on_pushed(model::AccountId account, std::string repository);
    asio::awaitable<void> stop();

    struct Who {
        model::AccountId account;
        StartedBy by;
    };
    // Starts an execution if the branch is there. Errors: kResourceConflict, kLimitExceeded.
    io::Task<Pipeline> create(Who who, Pipeline wanted);
    io::Task<std::vector<Pipeline>> list(model::AccountId account);
    // kResourceNotFound, here and below.
    io::Task<Pipeline> get(model::AccountId account, std::string name);
    // With its executions. kResourceConflict while one is not over.
    io::Task<> remove(Who who, std::string name);

    // The newest first.
    io::Task<std::vector<Execution>> executions(model::AccountId account, std::string name);
    io::Task<Execution> execution(ExecutionId id);
    // `commit` empty: what the branch is at. kInvalidParameterValue.
    io::Task<Execution> start(Who who, std::string name, std::string commit);
    // Changes an execution by `change` and makes it durable; a runner is started where it is queued
    // then. The errors of `change`, and kResourceConflict.
    using ExecutionChange = std::function<Result<void>(Execution&, WallTime)>;
    io::Task<Execution> update(std::string caller, ExecutionId id, ExecutionChange change);

  private:
    struct Found {
        Execution execution;
        store::Sequence sequence = 0;
    };

    io::Task<Found> find(ExecutionId id);
    io::Task<> commit(std::string caller, ExecutionId id, Execution execution,
                      std::optional<store::Sequence> expected, std::vector<store::Write> more = {},
                      std::vector<store::Expectation> more_expected = {});
    // Starts one for where the branch is, unless that was done.
    io::Task<> look_at(model::AccountId account, std::string name);
    io::Task<> look_at_all(model::AccountId account, std::string repository);
    io::Task<Execution> start_at(Who who, Pipeline pipeline, store::Sequence sequence,
                                 std::string commit);
    io::Task<Execution> first_state(Who const& who, Pipeline const& pipeline, std::string commit);
    io::Task<> forget_old(ExecutionId newest);
    io::Task<> go_on(store::Record record);
    void enqueue(ExecutionId id);
    void start_runners();
    io::Task<> run(ExecutionId id);
    io::Task<> account_for_loss(ExecutionId id, Result<void> ended);

    Parts const parts_;
    io::TaskScope background_;
    std::set<ExecutionId> active_;  // queued here, or with a runner
    std::deque<ExecutionId> waiting_;
    std::size_t running_ = 0;
};

}  // namespace meridian::pipeline
