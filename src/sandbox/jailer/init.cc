#include "sandbox/jailer/init.h"

#include <array>
#include <tuple>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "sandbox/jailer/channel.h"
#include "sandbox/jailer/launch.h"
#include "sandbox/jailer/root_file_system.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

// Under memory pressure of the whole machine the kernel takes a function first, never the jailer.
constexpr std::string_view kOomScore = "500";

constexpr std::uint64_t bit(int capability) { return 1ULL << capability; }
// To become the function's user, and to signal it.
constexpr std::uint64_t kInitCapabilities = bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_KILL);

// Descriptors after this: 0-2 are /dev/null, 3 is the control socket, nothing else of the jailer's
// is open.
constexpr int kControl = 3;

void keep_only(InitOptions const& options) {
    for (int fd = 0; fd < 3; ++fd) ::dup2(options.null, fd);
    ::dup2(options.control, kControl);
    ::close_range(kControl + 1, ~0U, 0);
    ::fcntl(kControl, F_SETFD, FD_CLOEXEC);
}

class Init {
  public:
    explicit Init(InitOptions const& options)
        : has_own_uid_(options.has_own_uid), filter_(options.filter) {}

    [[noreturn]] void run();

  private:
    [[nodiscard]] Result<void> take_identity() const;
    [[nodiscard]] Result<void> prepare(Packet const& packet) const;
    [[nodiscard]] Result<void> set_up(Packet const& packet);
    void serve(Packet& packet);
    void start(Packet& packet);
    void on_child();
    void report_exit(protocol::Exited::Kind kind, int value);
    template <typename T>
    static void send(T const& message, std::span<std::string const> strings = {}) {
        auto const bytes = protocol::encode(message, strings);
        // The peer is gone when this fails; the poll loop sees that too.
        if (bytes) std::ignore = send_packet(kControl, *bytes);
    }

    bool const has_own_uid_;
    SeccompFilter const* const filter_;
    std::uint64_t processes_max_ = 0;
    pid_t runtime_ = -1;  // -1: none runs
};

Result<void> Init::take_identity() const {
    if (has_own_uid_) {
        // Raw calls: glibc's wrappers signal other threads, and this process was not made by glibc.
        if (::syscall(SYS_setgroups, 0, nullptr) != 0) return system_error("setgroups");
        if (::syscall(SYS_setresgid, 0, 0, 0) != 0) return system_error("setresgid");
        if (::syscall(SYS_setresuid, 0, 0, 0) != 0) return system_error("setresuid");
    }
    // After the change of identity, which clears both.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return system_error("PR_SET_PDEATHSIG");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_error("PR_SET_DUMPABLE");
    return {};
}

Result<void> Init::prepare(Packet const& packet) const {
    MERIDIAN_CHECK(protocol::decode<protocol::Prepare>(packet.bytes));
    // Inherited by the runtime; here, because a process that is not dumpable may not.
    std::ignore = write_file(AT_FDCWD, "/proc/self/oom_score_adj", kOomScore);
    MERIDIAN_CHECK(take_identity());
    // Now, not with clone3(): this process has been moved to its groups since, and they are to be
    // the root.
    if (::unshare(CLONE_NEWCGROUP) != 0) return system_error("unshare(CLONE_NEWCGROUP)");
    if (::sethostname(kHostName, ::strlen(kHostName)) != 0) return system_error("sethostname");
    return enter_root();
}

Result<void> Init::set_up(Packet const& packet) {
    MERIDIAN_TRY(auto setup, protocol::decode<protocol::Setup>(packet.bytes));
    auto const& fixed = setup.fixed;
    if (packet.descriptors.size() != fixed.mounts + (fixed.has_tmp != 0 ? 1U : 0U)) {
        return fail(Errc::kCorrupt, "the descriptors of a setup do not fit its mounts");
    }
    processes_max_ = fixed.limits.processes;
    // The init counts for the function's user where it is that user.
    if (!has_own_uid_) ++processes_max_;
    std::span<std::string_view const> const strings(setup.strings);
    MERIDIAN_CHECK(complete_root({.mount_targets = strings.first(fixed.mounts),
                                  .mounts = std::span(packet.descriptors).first(fixed.mounts),
                                  .links = strings.subspan(fixed.mounts),
                                  .tmp = fixed.has_tmp != 0 ? packet.descriptors.back().get() : -1,
                                  .tmp_bytes = fixed.limits.tmp_bytes}));
    if (drop_bounding_set() != 0 || keep_capabilities(kInitCapabilities) != 0) {
        return system_error("drop capabilities");
    }
    return {};
}

void Init::start(Packet& packet) {
    auto message = protocol::decode<protocol::Start>(packet.bytes);
    bool const has_telemetry = message && message->fixed.has_telemetry != 0;
    if (!message || runtime_ != -1 || packet.descriptors.size() != (has_telemetry ? 2U : 1U)) {
        report_exit(protocol::Exited::kLaunchFailed, runtime_ != -1 ? EBUSY : EPROTO);
        return;
    }
    auto const strings = message->strings.begin();
    auto const arguments_end = strings + 1 + message->fixed.arguments;
    auto const launched = launch({.working_directory = message->strings[0],
                                  .arguments = {strings + 1, arguments_end},
                                  .environment = {arguments_end, message->strings.end()},
                                  .output = packet.descriptors[0].get(),
                                  .telemetry = has_telemetry ? packet.descriptors[1].get() : -1,
                                  .processes_max = processes_max_,
                                  .has_own_uid = has_own_uid_,
                                  .filter = filter_});
    // The environment holds secrets; the next runtime's init is a fork of this memory.
    ::explicit_bzero(packet.bytes.data(), packet.bytes.size());
    if (launched.error != 0) {
        report_exit(protocol::Exited::kLaunchFailed, launched.error);
    } else {
        runtime_ = launched.process;
    }
}

void Init::report_exit(protocol::Exited::Kind kind, int value) {
    send(protocol::Exited{.header = {}, .kind = kind, .value = value});
}

// Reaps; when the runtime's first process has ended, so must all that it has left.
void Init::on_child() {
    int status = 0;
    while (true) {
        pid_t const ended = ::waitpid(-1, &status, WNOHANG | __WALL);
        if (ended <= 0) return;
        if (ended != runtime_) continue;
        int const runtime_status = status;
        do {
            ::kill(-1, SIGKILL);  // everything in this pid namespace but this process
        } while (::waitpid(-1, nullptr, __WALL) > 0);
        runtime_ = -1;
        if (WIFSIGNALED(runtime_status)) {
            report_exit(protocol::Exited::kSignaled, WTERMSIG(runtime_status));
        } else {
            report_exit(protocol::Exited::kExitCode, WEXITSTATUS(runtime_status));
        }
        return;
    }
}

void Init::serve(Packet& packet) {
    auto const type = protocol::type_of(packet.bytes);
    if (type && *type == protocol::Type::kStart) return start(packet);
    if (type && *type == protocol::Type::kSignal) {
        auto const message = protocol::decode<protocol::Signal>(packet.bytes);
        if (!message || runtime_ == -1) return;
        int const signal = message->fixed.signal;
        if (signal == SIGTERM || signal == SIGKILL || signal == SIGSTOP || signal == SIGCONT) {
            ::kill(-1, signal);
        }
        return;
    }
    ::_exit(1);  // not our peer's language: end rather than guess
}

void Init::run() {
    ::prctl(PR_SET_NAME, "meridian-init", 0, 0, 0);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);

    // Waits here, prepared, as long as this sandbox is in the pool. The end of the socket: it is
    // not needed.
    auto packet = receive_packet(kControl);
    if (!packet || !*packet) ::_exit(0);
    auto const prepared = prepare(**packet);
    packet = receive_packet(kControl);
    if (!packet || !*packet) ::_exit(0);
    if (auto const done = prepared ? set_up(**packet) : prepared; !done) {
        std::array<std::string, 1> const text{done.error().message};
        send(protocol::SetupFailed{.header = {}}, text);
        ::_exit(1);
    }
    packet->reset();
    send(protocol::Ready{.header = {}});

    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    io::UniqueFd const signals(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    std::array<pollfd, 2> waits{pollfd{.fd = kControl, .events = POLLIN, .revents = 0},
                                pollfd{.fd = signals.get(), .events = POLLIN, .revents = 0}};
    while (true) {
        if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) ::_exit(1);
        if (waits[1].revents != 0) {
            signalfd_siginfo info;
            while (::read(signals.get(), &info, sizeof info) > 0) {
            }
            on_child();
        }
        if (waits[0].revents != 0) {
            auto message = receive_packet(kControl);
            // The end of the peer is the end of the sandbox: with PID 1 the kernel kills all
            // others.
            if (!message) ::_exit(0);
            if (*message) serve(**message);
        }
    }
}

}  // namespace

void run_init(InitOptions options) {
    keep_only(options);
    Init(options).run();
}

}  // namespace meridian::sandbox::jailer
