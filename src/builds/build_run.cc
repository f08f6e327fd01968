#include "builds/build_run.h"

#include <csignal>

#include <fmt/format.h>

#include "builds/artifacts.h"
#include "builds/build_step.h"
#include "builds/pipe.h"

namespace meridian::builds {
namespace {

constexpr int kCannotStart = 127;  // a shell's status for a program that is not there

std::unexpected<Error> broken(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

}  // namespace

BuildRun::BuildRun(BuildParts const& parts, BuildRequest request, Printed printed)
    : parts_(parts),
      request_(std::move(request)),
      printed_(std::move(printed)),
      deadline_(parts_.executor) {}

BuildRun::~BuildRun() = default;

void BuildRun::cancel() { end(End::kCancelled); }

void BuildRun::end(End why) {
    if (end_ == End::kNone) end_ = why;
    // What waits for the processes goes on from there.
    if (sandbox_) (void)sandbox_->signal(SIGKILL);
}

Error BuildRun::stopped() const {
    switch (end_) {
        case End::kTimeout:
            return {Errc::kInvalidParameterValue,
                    fmt::format("The build took longer than {} seconds and was ended.",
                                parts_.settings.timeout.count()),
                    {}};
        case End::kCancelled:
            return {Errc::kCancelled, "The build was cancelled.", {}};
        case End::kTooLong:
        case End::kNone:
            break;
    }
    return {Errc::kInternal, "The build was ended.", {}};
}

io::Task<model::CodeSha256> BuildRun::run() {
    deadline_.set(parts_.settings.timeout, [this] { end(End::kTimeout); });
    MERIDIAN_CO_CHECK(co_await make_sandbox());
    MERIDIAN_CO_CHECK(co_await run_step());
    MERIDIAN_CO_TRY(auto created, ArtifactSpool::create(parts_.directory));
    // Shared with jobs in the pool, which may outlive this coroutine.
    auto const spool = std::make_shared<ArtifactSpool>(std::move(created));
    MERIDIAN_CO_CHECK(co_await collect(spool));
    sandbox_.reset();
    deadline_.cancel();
    MERIDIAN_CO_TRY(auto zip, co_await io::blocking(parts_.pool, [spool]() -> Result<std::string> {
                        MERIDIAN_TRY(auto const tar, spool->bytes());
                        return package_artifacts(tar);
                    }));
    if (end_ == End::kCancelled) co_return std::unexpected(stopped());
    co_return co_await parts_.packages.put(std::move(zip));
}

io::Task<> BuildRun::make_sandbox() {
    MERIDIAN_CO_TRY(auto tools, parts_.tools.open(request_.runtime));
    MERIDIAN_CO_TRY(auto source, co_await parts_.packages.open_unpacked(request_.source));
    bool const has_network = !parts_.settings.registries.empty();
    environment_ =
        step_environment({.bundle = std::move(tools.environment),
                          .extra = parts_.settings.environment,
                          .proxy = has_network ? fmt::format("http://{}:{}", sandbox::kLoopback,
                                                             sandbox::kRegionApiPort)
                                               : std::string()});
    sandbox::SandboxSpec spec;
    spec.mounts = std::move(tools.mounts);
    spec.mounts.push_back({std::move(source), kSourceDirectory});
    spec.links = std::move(tools.links);
    spec.memory_bytes = parts_.settings.memory_bytes;
    spec.cpu_milli = kBuildCpuMilli;
    spec.processes = kBuildProcessesMax;
    spec.tmp_bytes = parts_.settings.storage_bytes;
    MERIDIAN_CO_TRY(auto made, co_await parts_.sandboxes.create(std::move(spec)));
    if (end_ != End::kNone) co_return std::unexpected(stopped());
    sandbox_ = std::move(made);
    // Neither of what functions find there: whatever connects to a closed one is refused at once.
    (void)sandbox_->take_runtime_api_listener();
    auto second = sandbox_->take_region_api_listener();
    if (has_network) {
        MERIDIAN_CO_CHECK(serve_registries(std::move(second)));
    }
    co_return Result<void>{};
}

Result<void> BuildRun::serve_registries(io::UniqueFd listener) {
    auto const& registries = parts_.settings.registries;
    MERIDIAN_TRY(
        proxy_,
        io::ConnectProxy::serve(
            parts_.executor, std::move(listener),
            {.is_named = [&registries](auto const& target) { return registries.is_named(target); },
             .is_allowed =
                 [&registries](auto const& target, auto const& address) {
                     return registries.is_allowed(target, address);
                 },
             .refused =
                 [this](std::string const& why) { printed_(fmt::format("build: {}\n", why)); },
             .connections_max = kBuildConnectionsMax,
             .bytes_max = parts_.settings.network_bytes_max,
             .connect_timeout = kRegistryConnectTimeout,
             .idle_timeout = kRegistryIdleTimeout}));
    return {};
}

io::Task<> BuildRun::run_step() {
    MERIDIAN_CO_TRY(auto output, Pipe::open(parts_.executor));
    sandbox::RuntimeCommand command;
    command.argv = step_command(request_);
    command.output = output.take_writer();
    MERIDIAN_CO_CHECK(co_await start(std::move(command)));
    for (;;) {
        MERIDIAN_CO_TRY(auto const piece, co_await output.read());
        if (piece.empty()) break;
        printed_(piece);
    }
    MERIDIAN_CO_TRY(auto const status, co_await sandbox_->wait_exit());
    proxy_.reset();
    auto done = judge(status);
    bool const offline = parts_.settings.registries.empty();
    if (!done && end_ == End::kNone && offline && request_.method != BuildMethod::kMakefile) {
        done.error().message +=
            " Builds here reach no registries: if this one needs some, the region's operator can "
            "name them (meridian up --build-registries).";
    }
    co_return done;
}

io::Task<> BuildRun::start(sandbox::RuntimeCommand command) {
    command.environment = environment_;
    command.working_directory = "/tmp";
    MERIDIAN_CO_CHECK(co_await sandbox_->start(std::move(command)));
    // One that was ended meanwhile has not heard of it.
    if (end_ != End::kNone) (void)sandbox_->signal(SIGKILL);
    co_return Result<void>{};
}

io::Task<> BuildRun::collect(std::shared_ptr<ArtifactSpool> spool) {
    MERIDIAN_CO_TRY(auto output, Pipe::open(parts_.executor));
    MERIDIAN_CO_TRY(auto archive, Pipe::open(parts_.executor));
    sandbox::RuntimeCommand command;
    command.argv = collect_command();
    command.output = output.take_writer();
    command.telemetry = archive.take_writer();
    MERIDIAN_CO_CHECK(co_await start(std::move(command)));
    Result<void> kept;
    for (;;) {
        MERIDIAN_CO_TRY(auto piece, co_await archive.read());
        if (piece.empty()) break;
        if (!kept) continue;
        kept = co_await io::blocking(
            parts_.pool, [spool, bytes = std::move(piece)] { return spool->append(bytes); });
        if (!kept) end(End::kTooLong);
    }
    // A few lines at most, which fit into the pipe.
    for (;;) {
        MERIDIAN_CO_TRY(auto const piece, co_await output.read());
        if (piece.empty()) break;
        printed_(piece);
    }
    MERIDIAN_CO_TRY(auto const status, co_await sandbox_->wait_exit());
    if (!kept) co_return kept;
    co_return judge(status);
}

Result<void> BuildRun::judge(sandbox::ExitStatus const& status) {
    using Kind = sandbox::ExitStatus::Kind;
    if (end_ != End::kNone) return std::unexpected(stopped());
    if (status.kind == Kind::kExited && status.value == 0) return {};
    constexpr std::uint64_t kMiB = 1024UL * 1024;
    if (status.out_of_memory || sandbox_->take_out_of_memory()) {
        return broken(fmt::format("The build needed more than its {} MB of memory.",
                                  parts_.settings.memory_bytes / kMiB));
    }
    switch (status.kind) {
        case Kind::kExited:
            if (status.value == kCannotStart)
                return broken("The build needs a program that is not there: see its last lines.");
            return broken(fmt::format("The build failed with status {}.", status.value));
        case Kind::kSignaled:
            return broken(fmt::format("The build was ended by signal {}.", status.value));
        case Kind::kLaunchFailed:
            return broken("The runtime's bundle has no /bin/sh, which builds need.");
    }
    return broken("The build failed.");
}

}  // namespace meridian::builds
