#pragma once
// One execution environment: a sandbox, the runtime in it, its Runtime API and its log stream. It
// serves one invocation at a time and moves through model::kEnvironmentTransitions.
//
// Threads: belongs to the data plane's executor. Kept alive by its pool and by its own coroutines;
// shutdown() ends those.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "invoke/current_invocation.h"
#include "invoke/log_capture.h"
#include "invoke/ports.h"
#include "invoke/runtime_bundle.h"
#include "io/alarm.h"
#include "io/http_server.h"
#include "io/one_shot.h"
#include "model/environment_state.h"
#include "model/limits.h"
#include "runtime_api/runtime_host.h"
#include "telemetry/system_log.h"

namespace meridian::invoke {

// What every environment of a region needs.
struct EnvironmentServices {
    asio::any_io_executor executor;
    Clock const& clock;
    Random& random;
    Log& log;
    sandbox::SandboxFactory& sandboxes;
    CodeSource& code;
    RoleCredentialSource& roles;
    FunctionLogSink& logs;
    RegionApi& api;
    model::RegionName region;
};

// Why an environment was made: AWS_LAMBDA_INITIALIZATION_TYPE.
enum class InitializationType { kOnDemand, kProvisionedConcurrency };

class ExecutionEnvironment final : public runtime_api::RuntimeHost,
                                   public std::enable_shared_from_this<ExecutionEnvironment> {
  public:
    // What its pool wants to know.
    struct Observer {
        std::function<void(ExecutionEnvironment&)>
            on_available;  // the runtime has answered or was reset
        std::function<void(ExecutionEnvironment&)> on_gone;
    };

    ExecutionEnvironment(EnvironmentServices const& services, model::RunnableVersionPtr function,
                         std::shared_ptr<RuntimeBundle const> bundle, InitializationType type,
                         Observer observer);
    ~ExecutionEnvironment() override;

    // Begins the Init phase.
    void start();
    // Runs one invocation. The environment must have no other that was not answered. An Error means
    // that the service failed (no sandbox, …), not the function.
    io::Task<InvokeResult> invoke(InvokeRequest request);
    // Kills everything inside; on_gone follows. Harmless when repeated.
    void shutdown();

    void freeze();
    [[nodiscard]] bool frozen() const noexcept { return frozen_; }

    [[nodiscard]] model::EnvironmentState state() const noexcept { return state_; }
    [[nodiscard]] InitializationType type() const noexcept { return type_; }
    // It serves no more invocations and will be gone.
    [[nodiscard]] bool ending() const noexcept {
        return shutdown_asked_ || state_ == model::EnvironmentState::kShutdown ||
               state_ == model::EnvironmentState::kGone;
    }
    // The last Init ended without a runtime that asks for events.
    [[nodiscard]] bool init_failed() const noexcept { return init_failed_; }
    // Waiting for work with nothing to wait for: Ready, or Reset and restarted by the next
    // invocation.
    [[nodiscard]] bool idle() const noexcept {
        return !current_ && (state_ == model::EnvironmentState::kReady ||
                             state_ == model::EnvironmentState::kReset);
    }
    // Its credentials are about to end: it serves no more invocations.
    [[nodiscard]] bool worn_out(MonotonicTime now) const noexcept {
        return now - made_ >= model::limits::kEnvironmentLifetimeMax;
    }
    [[nodiscard]] MonotonicTime idle_since() const noexcept { return idle_since_; }

    // runtime_api::RuntimeHost
    asio::awaitable<runtime_api::Answer<Result<runtime_api::InvocationEvent>>> next() override;
    runtime_api::Answer<void> respond(std::string_view request_id, std::string_view invocation_id,
                                      std::string payload) override;
    runtime_api::Answer<void> respond_too_large(std::string_view request_id,
                                                std::string_view invocation_id) override;
    runtime_api::Answer<void> fail_invocation(std::string_view request_id,
                                              std::string_view invocation_id,
                                              runtime_api::ReportedError error) override;
    runtime_api::Answer<void> fail_init(runtime_api::ReportedError error) override;
    std::string_view state_name() const override { return model::name_of(state_); }

  private:
    [[nodiscard]] bool move(model::EnvironmentEvent event);
    asio::awaitable<void> run();
    io::Task<> make_sandbox();
    io::Task<> start_runtime();
    void refuse_without_bootstrap();
    void end_burst();
    void on_exit(sandbox::ExitStatus const& status);
    void begin_counting();
    void deliver();
    void on_deadline();
    void on_init_deadline();
    void restart_if_wanted();
    void complete(InvocationOutcome outcome);
    void fail_current(FunctionFailure failure, bool timed_out = false);
    void write_report(CurrentInvocation& current, InvocationOutcome const& outcome);
    void emit(telemetry::LogLines lines);
    void take_log_events(std::vector<telemetry::LogEvent> events);
    // Without the tail.
    void keep_log(std::vector<telemetry::LogEvent> events);
    [[nodiscard]] std::vector<telemetry::LogEvent> as_events(telemetry::LogLines lines) const;
    void flush_log();
    runtime_api::Answer<CurrentInvocation*> active(std::string_view request_id,
                                                   std::string_view invocation_id);

    EnvironmentServices const services_;
    model::RunnableVersionPtr const function_;
    std::shared_ptr<RuntimeBundle const> const bundle_;
    InitializationType const type_;
    Observer observer_;
    telemetry::SystemLog const system_log_;
    std::string const log_group_;
    std::string const log_stream_;
    MonotonicTime const made_;

    model::EnvironmentState state_ = model::EnvironmentState::kCreating;
    bool shutdown_asked_ = false;
    bool frozen_ = false;
    bool init_failed_ = false;
    bool suppressed_init_ = false;  // this Init runs inside an invocation
    bool killed_by_us_ = false;     // the exit that comes is our doing
    MonotonicTime idle_since_{};
    MonotonicTime init_started_{};
    std::optional<std::chrono::microseconds> init_duration_;
    std::optional<runtime_api::ReportedError> init_error_;
    std::optional<Error> start_error_;  // why there is no sandbox

    std::unique_ptr<sandbox::Sandbox> sandbox_;
    std::unique_ptr<io::HttpServer> server_;      // the Runtime API's
    std::unique_ptr<io::HttpServer> api_server_;  // the region's own API's
    std::unique_ptr<LogCapture> output_;
    std::unique_ptr<LogCapture> telemetry_;
    std::vector<std::string> environment_;
    std::string bootstrap_;

    std::optional<CurrentInvocation> current_;
    // The attempt that was answered last: a repeated answer to it is a wrong state, not a wrong id.
    std::string answered_request_id_;
    std::optional<io::OneShot<runtime_api::InvocationEvent>> waiter_;  // GET /next, open
    std::optional<io::OneShot<bool>>
        restart_;         // in Reset: completes when the runtime is wanted again
    io::Alarm deadline_;  // the invocation's, until the runtime asks for the next event
    io::Alarm init_deadline_;
    std::vector<telemetry::LogEvent> unsent_log_;
    bool flush_posted_ = false;
};

}  // namespace meridian::invoke
