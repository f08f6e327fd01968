#include "invoke/execution_environment.h"

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/assert.h"
#include "invoke/bootstrap.h"
#include "invoke/environment_variables.h"
#include "invoke/region_api_server.h"
#include "model/limits.h"
#include "model/runtimes.h"
#include "runtime_api/runtime_api.h"
#include "wire/function_json.h"
#include "wire/trace_id.h"

namespace meridian::invoke {

using model::EnvironmentEvent;
using model::EnvironmentState;
using runtime_api::Answer;
using runtime_api::InvocationEvent;
using runtime_api::Refusal;
using runtime_api::ReportedError;
using telemetry::InvocationReport;
namespace limits = model::limits;

namespace {

// A runtime client opens one connection and keeps it; a function may open a few by mistake.
constexpr std::size_t kRuntimeConnectionsMax = 64;

std::chrono::microseconds between(MonotonicTime from, MonotonicTime to) {
    return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

std::string stream_name(EnvironmentServices const& services,
                        model::RunnableVersion const& function) {
    auto const day = std::chrono::floor<std::chrono::days>(services.clock.wall_now());
    return telemetry::log_stream_name(
        day, function.version.version, make_token(services.random, kLowerHex, 32),
        function.version.settings.log_group ? function.name.value() : std::string{});
}

}  // namespace

ExecutionEnvironment::ExecutionEnvironment(EnvironmentServices const& services,
                                           model::RunnableVersionPtr function,
                                           std::shared_ptr<RuntimeBundle const> bundle,
                                           InitializationType type, Observer observer)
    : services_(services),
      function_(std::move(function)),
      bundle_(std::move(bundle)),
      type_(type),
      observer_(std::move(observer)),
      system_log_(*function_, type_ == InitializationType::kProvisionedConcurrency),
      log_group_(log_group_of(*function_)),
      log_stream_(stream_name(services_, *function_)),
      made_(services_.clock.monotonic_now()),
      deadline_(services_.executor),
      init_deadline_(services_.executor) {}

ExecutionEnvironment::~ExecutionEnvironment() { flush_log(); }

bool ExecutionEnvironment::move(EnvironmentEvent event) {
    auto const to = next_state(model::kEnvironmentTransitions, state_, event);
    if (!to) {
        services_.log.write(LogLevel::kError, "an environment's event was refused",
                            {{"state", model::name_of(state_)},
                             {"event", std::to_string(static_cast<int>(event))},
                             {"function", function_->name.value()}});
        return false;
    }
    state_ = *to;
    return true;
}

void ExecutionEnvironment::start() {
    asio::co_spawn(
        services_.executor,
        [](std::shared_ptr<ExecutionEnvironment> self) -> asio::awaitable<void> {
            co_await self->run();
        }(shared_from_this()),
        [self = shared_from_this()](std::exception_ptr e) {
            if (!e) return;
            try {
                std::rethrow_exception(e);
            } catch (std::exception const& exception) {
                self->services_.log.write(LogLevel::kError, "an environment's coroutine threw",
                                          {{"error", exception.what()}});
            }
            if (self->current_)
                self->current_->outcome.set(fail(Errc::kInternal, "The environment failed."));
        });
}

// The environment's whole life.
asio::awaitable<void> ExecutionEnvironment::run() {
    if (auto made = co_await make_sandbox(); !made) {
        start_error_ = made.error();
        if (!shutdown_asked_) {
            (void)move(EnvironmentEvent::kSandboxFailed);
            services_.log.write(
                LogLevel::kError, "cannot make an environment",
                {{"function", function_->name.value()}, {"error", made.error().message}});
        }
        if (current_) current_->outcome.set(std::unexpected(made.error()));
    }
    if (state_ == EnvironmentState::kInit && bundle_->command.empty() && bootstrap_.empty()) {
        refuse_without_bootstrap();
    }
    while (!shutdown_asked_ && state_ != EnvironmentState::kShutdown) {
        if (auto started = co_await start_runtime(); !started) {
            services_.log.write(
                LogLevel::kError, "cannot start a runtime",
                {{"function", function_->name.value()}, {"error", started.error().message}});
            if (current_) current_->outcome.set(std::unexpected(started.error()));
            shutdown();
            break;
        }
        if (shutdown_asked_) break;
        auto const exited = co_await sandbox_->wait_exit();
        if (shutdown_asked_) break;
        if (!exited) {
            if (current_) current_->outcome.set(std::unexpected(exited.error()));
            shutdown();
            break;
        }
        on_exit(*exited);
        if (shutdown_asked_) break;  // by who was told of it: nobody starts it again
        if (state_ != EnvironmentState::kReset) continue;
        restart_.emplace();
        restart_if_wanted();
        auto const wanted = co_await restart_->wait();
        restart_.reset();
        if (!wanted || shutdown_asked_) break;
    }
    if (state_ != EnvironmentState::kShutdown) (void)move(EnvironmentEvent::kShutdownAsked);
    waiter_.reset();
    output_.reset();
    telemetry_.reset();
    server_.reset();
    api_server_.reset();
    sandbox_.reset();
    flush_log();
    (void)move(EnvironmentEvent::kSandboxGone);
    if (observer_.on_gone) observer_.on_gone(*this);
}

io::Task<> ExecutionEnvironment::make_sandbox() {
    auto const& settings = function_->version.settings;
    MERIDIAN_CO_TRY(auto mounts, bundle_->open_mounts());
    MERIDIAN_CO_TRY(auto code,
                    co_await services_.code.open_unpacked(function_->version.code.sha256));
    auto const code_mounts = mounts.size();
    mounts.push_back({std::move(code), "/var/task"});
    if (auto layers = model::layer_packages(settings); !layers.empty()) {
        MERIDIAN_CO_TRY(auto merged, co_await services_.code.open_merged(std::move(layers)));
        mounts.push_back({std::move(merged), "/opt"});
    }
    bootstrap_ = find_bootstrap(bundle_->bootstrap, std::span(mounts).subspan(code_mounts));

    sandbox::SandboxSpec spec;
    spec.mounts = std::move(mounts);
    spec.links = bundle_->links;
    spec.memory_bytes = static_cast<std::uint64_t>(settings.memory_mb) * 1024 * 1024;
    spec.cpu_milli =
        static_cast<std::uint32_t>(settings.memory_mb * 1000 / limits::kMemoryMbPerVcpu);
    spec.burst_cpu_milli = limits::kInitCpuMilli;
    spec.processes = limits::kProcessesMax;
    spec.tmp_bytes = static_cast<std::uint64_t>(settings.ephemeral_storage_mb) * 1024 * 1024;
    MERIDIAN_CO_TRY(sandbox_, co_await services_.sandboxes.create(std::move(spec)));
    if (shutdown_asked_) co_return fail(Errc::kCancelled, "shut down while being created");

    auto const weak = weak_from_this();
    MERIDIAN_CO_TRY(output_, LogCapture::start(services_.executor, services_.clock,
                                               LogFormat::kLines, [weak](auto events) {
                                                   if (auto const self = weak.lock())
                                                       self->take_log_events(std::move(events));
                                               }));
    if (bundle_->telemetry_log_fd) {
        MERIDIAN_CO_TRY(telemetry_,
                        LogCapture::start(services_.executor, services_.clock,
                                          LogFormat::kTelemetryFrames, [weak](auto events) {
                                              if (auto const self = weak.lock())
                                                  self->take_log_events(std::move(events));
                                          }));
    }

    io::HttpServerOptions options;
    options.header_bytes_max = limits::kHeaderBytesMax;
    options.header_fields_max = limits::kHeaderFieldsMax;
    options.connections_max = kRuntimeConnectionsMax;
    options.body_bytes_max = runtime_api::body_bytes_max;
    options.discarded_bytes_max = limits::kDiscardedBodyBytesMax;
    // The client may be frozen for as long as it waits: no timeouts.
    server_ = std::make_unique<io::HttpServer>(
        services_.executor, services_.clock, services_.log, std::move(options),
        [weak](HttpRequest request) -> asio::awaitable<HttpResponse> {
            auto const self = weak.lock();
            if (!self) {
                HttpResponse gone;
                gone.status = 500;
                gone.close = true;
                co_return gone;
            }
            co_return co_await runtime_api::handle(*self, std::move(request));
        });
    MERIDIAN_CO_CHECK(server_->adopt(sandbox_->take_runtime_api_listener()));
    MERIDIAN_CO_TRY(api_server_, serve_region_api(services_, sandbox_->take_region_api_listener()));

    MERIDIAN_CO_TRY(auto const role, services_.roles.assume_role(*function_));
    environment_ =
        environment_variables({.function = *function_,
                               .bundle = *bundle_,
                               .provisioned = type_ == InitializationType::kProvisionedConcurrency,
                               .region = services_.region,
                               .log_group = log_group_,
                               .log_stream = log_stream_,
                               .role = role});
    (void)move(EnvironmentEvent::kSandboxUp);
    co_return Result<void>{};
}

// A provided runtime's package has nothing to run: that is its invocation's answer.
void ExecutionEnvironment::refuse_without_bootstrap() {
    if (current_) {
        begin_counting();
        fail_current(no_bootstrap(current_->request.request_id, bundle_->bootstrap));
    }
    shutdown();
}

// Begins an Init phase; returns when the process is started.
io::Task<> ExecutionEnvironment::start_runtime() {
    killed_by_us_ = false;
    init_error_.reset();
    if (state_ == EnvironmentState::kReset) {
        (void)move(EnvironmentEvent::kRestarted);
        suppressed_init_ = true;
    }
    init_started_ = services_.clock.monotonic_now();
    if (suppressed_init_) {
        // The invocation waits for this Init and pays for it.
        end_burst();
        if (current_) begin_counting();
    } else {
        // Not for the tail: an invocation's begins with its START (recorded).
        keep_log(as_events(
            system_log_.init_start(services_.clock.wall_now(), bundle_->version,
                                   wire::runtime_version_arn(services_.region, bundle_->runtime))));
        init_deadline_.set(limits::kInitTimeout, [this] { on_init_deadline(); });
    }
    sandbox::RuntimeCommand command;
    command.argv = runtime_command(*bundle_, *function_, bootstrap_);
    command.environment = environment_;
    MERIDIAN_CO_TRY(command.output, output_->writer());
    if (telemetry_) {
        MERIDIAN_CO_TRY(command.telemetry, telemetry_->writer());
    }
    co_return co_await sandbox_->start(std::move(command));
}

void ExecutionEnvironment::end_burst() {
    if (auto const ended = sandbox_->end_burst(); !ended) {
        services_.log.write(
            LogLevel::kError, "an environment keeps more CPU than is its share",
            {{"function", function_->name.value()}, {"error", ended.error().message}});
    }
}

io::Task<InvokeResult> ExecutionEnvironment::invoke(InvokeRequest request) {
    MERIDIAN_ASSERT(!current_);
    auto const self = shared_from_this();
    if (shutdown_asked_ || state_ == EnvironmentState::kShutdown ||
        state_ == EnvironmentState::kGone) {
        if (start_error_) co_return std::unexpected(*start_error_);
        co_return fail(Errc::kUnavailable, "The environment is gone.");
    }
    current_.emplace();
    current_->request = std::move(request);
    bool const cold_start =
        state_ == EnvironmentState::kCreating || state_ == EnvironmentState::kInit;
    current_->invocation_id = make_uuid(services_.random);
    if (current_->request.trace_id.empty()) {
        current_->request.trace_id =
            wire::make_trace_header(services_.random, services_.clock.wall_now());
    }
    if (frozen_) {
        frozen_ = false;
        if (auto const thawed = sandbox_->thaw(); !thawed) {
            services_.log.write(LogLevel::kError, "cannot thaw an environment",
                                {{"error", thawed.error().message}});
        }
    }
    if (state_ == EnvironmentState::kReady && waiter_) deliver();
    restart_if_wanted();

    auto outcome = co_await current_->outcome.wait();
    if (!outcome) {
        current_.reset();
        co_return std::unexpected(outcome.error());
    }
    InvokeResult result;
    result.payload = std::move(outcome->payload);
    if (outcome->failure) result.function_error = FunctionError{outcome->failure->type};
    result.executed_version = function_->version.version;
    result.log_tail = std::move(outcome->log_tail);
    result.duration = outcome->duration;
    result.init_duration = outcome->init_duration;
    result.cold_start = cold_start;
    co_return result;
}

void ExecutionEnvironment::restart_if_wanted() {
    if (restart_ && current_) restart_->set(true);
}

// The function's time runs from here.
void ExecutionEnvironment::begin_counting() {
    if (current_->clock_runs) return;
    auto& current = *current_;
    current.clock_runs = true;
    current.started = services_.clock.monotonic_now();
    emit(system_log_.start(services_.clock.wall_now(), current.request.request_id));
    deadline_.set(std::chrono::seconds(function_->version.settings.timeout_seconds),
                  [this] { on_deadline(); });
}

// Hands the event to the runtime that waits for it.
void ExecutionEnvironment::deliver() {
    begin_counting();
    auto& current = *current_;
    if (!move(EnvironmentEvent::kInvokeSent)) return;
    current.delivered = true;
    auto const spent = services_.clock.monotonic_now() - current.started;
    auto const left = std::chrono::seconds(function_->version.settings.timeout_seconds) - spent;
    auto const deadline =
        services_.clock.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(left);
    InvocationEvent event;
    event.request_id = current.request.request_id;
    event.deadline_epoch_ms =
        std::chrono::floor<std::chrono::milliseconds>(deadline.time_since_epoch()).count();
    event.invoked_function_arn = current.request.invoked_arn;
    event.trace_id = current.request.trace_id;
    event.client_context = current.request.client_context;
    event.invocation_id = current.invocation_id;
    event.payload = std::move(current.request.payload);
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    waiter.set(std::move(event));
}

asio::awaitable<Answer<Result<InvocationEvent>>> ExecutionEnvironment::next() {
    auto const self = shared_from_this();
    if (killed_by_us_) co_return std::unexpected(Refusal::kInvalidState);  // its last words
    bool const initialised_now = state_ == EnvironmentState::kInit;
    switch (state_) {
        case EnvironmentState::kInit: {
            init_deadline_.cancel();
            init_failed_ = false;
            end_burst();
            if (!suppressed_init_)
                init_duration_ = between(init_started_, services_.clock.monotonic_now());
            if (!move(EnvironmentEvent::kRuntimeNext))
                co_return std::unexpected(Refusal::kInvalidState);
            break;
        }
        case EnvironmentState::kInvoking: {
            // Allowed only after the answer: the invocation ends here.
            if (current_ && current_->delivered) co_return std::unexpected(Refusal::kInvalidState);
            deadline_.cancel();
            if (!move(EnvironmentEvent::kInvokeDone))
                co_return std::unexpected(Refusal::kInvalidState);
            break;
        }
        case EnvironmentState::kReady:
            break;  // asked again on a new connection: the newest counts
        default:
            co_return std::unexpected(Refusal::kInvalidState);
    }
    idle_since_ = services_.clock.monotonic_now();
    waiter_.emplace();
    auto event = waiter_->wait();  // before deliver() takes the shot
    if (current_) {
        deliver();
    } else if (initialised_now && observer_.on_available) {
        observer_.on_available(*this);  // it was made before anybody needed it
    }
    co_return Answer<Result<InvocationEvent>>(co_await std::move(event));
}

Answer<CurrentInvocation*> ExecutionEnvironment::active(std::string_view request_id,
                                                        std::string_view invocation_id) {
    if (state_ != EnvironmentState::kInvoking || !current_ || !current_->delivered) {
        bool const repeated = request_id == answered_request_id_;
        return std::unexpected(repeated ? Refusal::kInvalidState : Refusal::kInvalidRequestId);
    }
    if (request_id != current_->request.request_id.value())
        return std::unexpected(Refusal::kInvalidRequestId);
    if (!invocation_id.empty() && invocation_id != current_->invocation_id) {
        return std::unexpected(Refusal::kInvalidInvocationId);
    }
    return &*current_;
}

Answer<void> ExecutionEnvironment::respond(std::string_view request_id,
                                           std::string_view invocation_id, std::string payload) {
    if (auto const found = active(request_id, invocation_id); !found)
        return std::unexpected(found.error());
    complete({.payload = std::move(payload)});
    return {};
}

Answer<void> ExecutionEnvironment::respond_too_large(std::string_view request_id,
                                                     std::string_view invocation_id) {
    if (auto const found = active(request_id, invocation_id); !found)
        return std::unexpected(found.error());
    fail_current(response_too_large());
    return {};
}

Answer<void> ExecutionEnvironment::fail_invocation(std::string_view request_id,
                                                   std::string_view invocation_id,
                                                   ReportedError error) {
    if (auto const found = active(request_id, invocation_id); !found)
        return std::unexpected(found.error());
    fail_current({sanitized_error_type(error.type), std::move(error.body)});
    return {};
}

Answer<void> ExecutionEnvironment::fail_init(ReportedError error) {
    if (state_ != EnvironmentState::kInit || init_error_)
        return std::unexpected(Refusal::kInvalidState);
    init_error_ = std::move(error);
    // A client that reports this exits by itself; one that does not is ended by the Init deadline
    // or the invocation's.
    return {};
}

void ExecutionEnvironment::on_init_deadline() {
    if (state_ != EnvironmentState::kInit) return;
    emit(system_log_.init_failed(services_.clock.wall_now(),
                                 between(init_started_, services_.clock.monotonic_now()), false,
                                 InvocationReport::Status::kTimeout, {}));
    killed_by_us_ = true;
    (void)sandbox_->signal(SIGKILL);  // on_exit() starts it again within the invocation
}

void ExecutionEnvironment::on_deadline() {
    bool const mine = current_ && current_->clock_runs;
    killed_by_us_ = true;
    if (mine) {
        auto const timeout = std::chrono::seconds(function_->version.settings.timeout_seconds);
        fail_current(invoke::timed_out(current_->request.request_id, timeout), true);
    }
    // Else the runtime has answered and never asked for more. Either way it is reset.
    (void)sandbox_->signal(SIGKILL);
    // Before its processes are gone: the next invocation waits for that, rather than starting in
    // another sandbox without what this one has in /tmp.
    if (mine && observer_.on_available) observer_.on_available(*this);
}

// The runtime and all its descendants are dead.
void ExecutionEnvironment::on_exit(sandbox::ExitStatus const& status) {
    init_deadline_.cancel();
    waiter_.reset();
    output_->drain_to_end();
    if (telemetry_) telemetry_->drain_to_end();
    auto const was = state_;
    if (!move(EnvironmentEvent::kRuntimeExited)) return;
    bool const timed_out_now = killed_by_us_;

    if (was == EnvironmentState::kInit) {
        init_failed_ = true;
        static model::RequestId const kNone;
        auto const& id = current_ ? current_->request.request_id : kNone;
        auto failure = init_error_ ? FunctionFailure{sanitized_error_type(init_error_->type),
                                                     init_error_->body}
                                   : runtime_exited(id, status);
        if (!timed_out_now) {
            emit(system_log_.init_failed(
                services_.clock.wall_now(), between(init_started_, services_.clock.monotonic_now()),
                suppressed_init_, InvocationReport::Status::kError, failure.type));
        }
        // The first failed Init is tried again inside the invocation; the second one is its answer.
        // One that the deadline ended was answered then; the invocation here is the next.
        if (current_ && suppressed_init_ && !timed_out_now) fail_current(std::move(failure));
    } else if (current_ && current_->delivered) {
        fail_current(runtime_exited(current_->request.request_id, status));
    }
    deadline_.cancel();
    idle_since_ = services_.clock.monotonic_now();
    if (!current_ && observer_.on_available) observer_.on_available(*this);
}

void ExecutionEnvironment::fail_current(FunctionFailure failure, bool timed_out) {
    auto body = failure.body;
    complete({.payload = std::move(body), .failure = std::move(failure), .timed_out = timed_out});
}

// Answers the current invocation.
void ExecutionEnvironment::complete(InvocationOutcome outcome) {
    auto const ended = services_.clock.monotonic_now();
    // What was printed before the answer belongs before it.
    output_->drain();
    if (telemetry_) telemetry_->drain();
    auto finished = std::make_shared<CurrentInvocation>(std::move(*current_));
    current_.reset();
    bool const by_runtime = state_ == EnvironmentState::kInvoking && !outcome.timed_out;
    answered_request_id_ = finished->request.request_id.value();
    if (finished->clock_runs) outcome.duration = between(finished->started, ended);
    outcome.init_duration = std::exchange(init_duration_, std::nullopt);
    auto report = outcome;
    report.payload.clear();
    if (finished->request.log_tail) {
        write_report(*finished, report);
        outcome.log_tail = std::string(finished->tail.text());
        finished->outcome.set(std::move(outcome));
    } else {
        finished->outcome.set(std::move(outcome));
        // Off the answer's path.
        asio::post(services_.executor,
                   [self = shared_from_this(), finished, report = std::move(report)] {
                       self->write_report(*finished, report);
                   });
    }
    if (by_runtime && observer_.on_available) observer_.on_available(*this);
}

void ExecutionEnvironment::write_report(CurrentInvocation& current,
                                        InvocationOutcome const& outcome) {
    InvocationReport report;
    report.request_id = current.request.request_id;
    report.duration = outcome.duration;
    report.init_duration = outcome.init_duration;
    report.memory_mb = function_->version.settings.memory_mb;
    if (sandbox_) report.peak_memory_bytes = sandbox_->peak_memory_bytes();
    if (outcome.timed_out) {
        report.status = InvocationReport::Status::kTimeout;
    } else if (outcome.failure) {
        report.status = InvocationReport::Status::kError;
        report.error_type = outcome.failure->type;
    }
    auto const now = services_.clock.wall_now();
    for (auto& line : system_log_.end(now, report)) {
        current.tail.append_line(line);
        unsent_log_.push_back({now, std::move(line)});
    }
    flush_log();
}

void ExecutionEnvironment::emit(telemetry::LogLines lines) {
    if (lines.empty()) return;
    take_log_events(as_events(std::move(lines)));
}

std::vector<telemetry::LogEvent> ExecutionEnvironment::as_events(telemetry::LogLines lines) const {
    std::vector<telemetry::LogEvent> events;
    for (auto& line : lines) events.push_back({services_.clock.wall_now(), std::move(line)});
    return events;
}

void ExecutionEnvironment::take_log_events(std::vector<telemetry::LogEvent> events) {
    if (current_ && current_->request.log_tail) {
        for (auto const& event : events) current_->tail.append_line(event.message);
    }
    keep_log(std::move(events));
}

void ExecutionEnvironment::keep_log(std::vector<telemetry::LogEvent> events) {
    std::ranges::move(events, std::back_inserter(unsent_log_));
    if (std::exchange(flush_posted_, true)) return;
    asio::post(services_.executor, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) self->flush_log();
    });
}

void ExecutionEnvironment::flush_log() {
    flush_posted_ = false;
    if (unsent_log_.empty()) return;
    services_.logs.append(function_->account, log_group_, log_stream_,
                          std::exchange(unsent_log_, {}));
}

void ExecutionEnvironment::freeze() {
    if (frozen_ || state_ != EnvironmentState::kReady || current_ || !sandbox_) return;
    frozen_ = sandbox_->freeze().has_value();
}

void ExecutionEnvironment::shutdown() {
    if (std::exchange(shutdown_asked_, true)) return;
    deadline_.cancel();
    init_deadline_.cancel();
    if (current_) current_->outcome.set(fail(Errc::kUnavailable, "The environment was shut down."));
    if (restart_) restart_->set(false);
    if (sandbox_) {
        if (std::exchange(frozen_, false)) (void)sandbox_->thaw();
        (void)sandbox_->signal(SIGKILL);  // wait_exit() in run() returns; the sandbox goes there
    }
}

}  // namespace meridian::invoke
