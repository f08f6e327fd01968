#pragma once
// What the data plane knows of isolation: a factory makes sandboxes, a sandbox runs one execution
// environment's processes. Production talks to meridian-jailer (jailer_client.h); tests use
// fake_sandbox.h. One contract test runs against both.
//
// Threads: a factory and its sandboxes belong to one executor; call them there only.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/task.h"
#include "io/unique_fd.h"

namespace meridian::sandbox {

// Where a tree of files is mounted inside the sandbox. Always read-only, nosuid, nodev.
struct Mount {
    io::UniqueFd directory;  // O_PATH | O_DIRECTORY of the tree on the host
    std::string target;      // absolute path inside: "/usr", "/var/task", "/var/runtime", "/opt"
};

struct SandboxSpec {
    // "/usr" and the like from the runtime's bundle, then "/var/runtime", "/var/task", "/opt".
    std::vector<Mount> mounts;
    // Symbolic links at the root: {"/bin", "usr/bin"}, {"/lib64", "usr/lib64"}, ...
    std::vector<std::pair<std::string, std::string>> links;
    std::uint64_t memory_bytes = 0;  // hard limit of all processes together; no swap
    std::uint32_t cpu_milli = 0;     // 1000 = one vCPU; Lambda: memory_mb * 1000 / 1769
    // More than cpu_milli at first, until end_burst(); 0 for none.
    std::uint32_t burst_cpu_milli = 0;
    std::uint32_t processes = 0;  // pids limit (threads count); Lambda: 1024
    std::uint64_t tmp_bytes = 0;  // size of /tmp; Lambda: 512 MiB by default
};

// How a runtime is started inside a sandbox, by the sandbox's own init process.
struct RuntimeCommand {
    std::vector<std::string> argv;         // argv[0] is the absolute path inside
    std::vector<std::string> environment;  // "NAME=value"
    std::string working_directory = "/var/task";
    io::UniqueFd output;     // write end of a pipe: the process's stdout and stderr
    io::UniqueFd telemetry;  // write end for _LAMBDA_TELEMETRY_LOG_FD; may be invalid. Inside it is
                             // always descriptor kTelemetryFd.
};

inline constexpr int kTelemetryFd = 3;

// Where what runs inside finds the Runtime API, and its region's own API.
inline constexpr char const* kLoopback = "127.0.0.1";
inline constexpr std::uint16_t kRuntimeApiPort = 9001;
inline constexpr std::uint16_t kRegionApiPort = 9002;

// How the first process of a runtime ended. All its descendants are dead when this is reported.
struct ExitStatus {
    enum class Kind { kExited, kSignaled, kLaunchFailed };
    Kind kind = Kind::kExited;
    int value = 0;               // exit code, signal number, or errno of the failed execve
    bool out_of_memory = false;  // the kernel killed a process of this sandbox for memory

    bool operator==(ExitStatus const&) const = default;
};

// A limit that this host could not enforce for this sandbox; shown by `meridian doctor` and in the
// log at start, never silent.
enum class Weakness {
    kNoMemoryLimit,
    kNoCpuLimit,
    kNoProcessLimit,
    kTmpOnTmpfs,     // filling /tmp counts as memory
    kSharedHostUid,  // all sandboxes run as one host user
    kNoFreezer,
    kNoNetworkNamespace,
    kNoUserNamespace,
    kNoSeccomp,
};

class Sandbox {
  public:
    // Destroying a sandbox kills every process in it and gives its slot back; never blocks.
    virtual ~Sandbox() = default;

    // The listening sockets that exist inside the sandbox's network namespace, at kLoopback and the
    // ports below; nothing else can be reached from inside. Each is taken once.
    [[nodiscard]] virtual io::UniqueFd take_runtime_api_listener() = 0;
    [[nodiscard]] virtual io::UniqueFd take_region_api_listener() = 0;

    // Starts the runtime. At most one runs at a time; may be called again after it has exited (a
    // reset: /tmp and the network survive).
    virtual io::Task<> start(RuntimeCommand command) = 0;
    // Ends when the started runtime and all its descendants are dead. One waiter at a time.
    virtual io::Task<ExitStatus> wait_exit() = 0;
    // SIGTERM or SIGKILL to the runtime's processes (not to the sandbox's init).
    virtual Result<void> signal(int signal_number) = 0;

    // Stops and continues every process inside. A no-op returning kUnavailable where the host has
    // no freezer. Microseconds on cgroup v2.
    virtual Result<void> freeze() = 0;
    virtual Result<void> thaw() = 0;

    // From now on spec.cpu_milli is the limit. Once is enough; without a burst, nothing to do.
    virtual Result<void> end_burst() = 0;

    // The most memory in use at once since creation, in bytes; nothing where the host cannot tell.
    [[nodiscard]] virtual std::optional<std::uint64_t> peak_memory_bytes() = 0;
    // Whether the kernel has killed for memory since the last call.
    [[nodiscard]] virtual bool take_out_of_memory() = 0;
};

class SandboxFactory {
  public:
    virtual ~SandboxFactory() = default;
    // Errors: kUnavailable when every slot is in use or the jailer is gone; kIo with what the host
    // refused.
    virtual io::Task<std::unique_ptr<Sandbox>> create(SandboxSpec spec) = 0;
    // What every sandbox here lacks on this host.
    [[nodiscard]] virtual std::vector<Weakness> weaknesses() const = 0;
};

}  // namespace meridian::sandbox
