#pragma once
// One build, from its sandbox to its package. The step runs first; when every process of it is
// dead, its artifacts are collected, in the same sandbox, by a program of the runtime's own.
//
// Threads: belongs to its executor.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "builds/artifact_spool.h"
#include "builds/build.h"
#include "builds/ports.h"
#include "io/alarm.h"
#include "io/blocking_pool.h"
#include "io/connect_proxy.h"

namespace meridian::builds {

// What every build of a region needs; all of it outlives them.
struct BuildParts {
    asio::any_io_executor executor;
    io::BlockingPool& pool;
    Log& log;
    sandbox::SandboxFactory& sandboxes;
    ToolSource const& tools;
    Packages& packages;
    std::filesystem::path directory;  // for what is too long for memory; must be there
    BuildSettings settings = {};
};

class BuildRun {
  public:
    using Printed = std::function<void(std::string_view)>;

    // `printed` is called with what the build prints, until run() ends.
    BuildRun(BuildParts const& parts, BuildRequest request, Printed printed);
    ~BuildRun();
    BuildRun(BuildRun const&) = delete;
    BuildRun& operator=(BuildRun const&) = delete;

    // Once. The stored package. Errors: kInvalidParameterValue with why there is none; kCancelled;
    // what the region lacks (kUnavailable, kIo, kCorrupt).
    io::Task<model::CodeSha256> run();
    // run() ends soon, with every process dead.
    void cancel();

  private:
    enum class End { kNone, kTimeout, kCancelled, kTooLong };

    io::Task<> make_sandbox();
    Result<void> serve_registries(io::UniqueFd listener);
    io::Task<> run_step();
    io::Task<> start(sandbox::RuntimeCommand command);
    io::Task<> collect(std::shared_ptr<ArtifactSpool> spool);
    void end(End why);
    // Why the processes that were started have not done their work; nothing: they have.
    [[nodiscard]] Result<void> judge(sandbox::ExitStatus const& status);
    [[nodiscard]] Error stopped() const;

    BuildParts const parts_;
    BuildRequest const request_;
    Printed const printed_;
    std::unique_ptr<sandbox::Sandbox> sandbox_;
    std::unique_ptr<io::ConnectProxy> proxy_;  // null: no network
    std::vector<std::string> environment_;
    io::Alarm deadline_;
    End end_ = End::kNone;
};

}  // namespace meridian::builds
