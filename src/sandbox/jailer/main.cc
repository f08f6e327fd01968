// meridian-jailer: the only privileged program of Meridian. It starts meridiand as an ordinary user
// and makes sandboxes for it. See ../README.md and docs/formats/jailer-protocol.md.

#include <array>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sandbox/jailer/jailer.h"
#include "sandbox/jailer/launch.h"
#include "sandbox/jailer/options.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {
namespace {

constexpr int kStartFailed = 125;     // as env(1), chroot(1) and docker have it
constexpr timeval kPeerStall{10, 0};  // a meridiand that reads nothing this long loses an answer

Result<void> make_directories(std::string const& path) {
    for (auto at = path.find('/', 1);; at = path.find('/', at + 1)) {
        if (::mkdir(path.substr(0, at).c_str(), 0755) != 0 && errno != EEXIST) {
            return system_error("mkdir " + path.substr(0, at));
        }
        if (at == std::string::npos) return {};
    }
}

// A mount namespace of the jailer's and meridiand's own: open_tree() copies mounts of the caller's
// mount namespace only, and binds must not show on the host. Unmounting on the host still reaches
// it.
Result<void> enter_mount_namespace(Options const& options) {
    if (::unshare(CLONE_NEWNS) != 0) return system_error("unshare(CLONE_NEWNS)");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        return system_error("mount --make-rslave /");
    for (auto const& [from, to] : options.binds) {
        MERIDIAN_CHECK(make_directories(to));
        if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
            return system_error("bind " + from + " to " + to);
        }
    }
    return {};
}

// The child's way into meridiand. Returns what failed.
Error become_meridiand(Options const& options, std::optional<User> user, int program, int peer,
                       pid_t jailer) {
    auto const error = [](std::string_view what) { return system_error(what).error(); };
    // Its own process group: a terminal's Ctrl-C reaches it once, by way of the jailer.
    ::setpgid(0, 0);
    if (user) {
        if (::setgroups(0, nullptr) != 0) return error("setgroups");
        if (::setresgid(user->gid, user->gid, user->gid) != 0) return error("setresgid");
    }
    errno = drop_bounding_set();
    if (errno != 0) return error("drop the bounding set");
    // Without this, user 0 of a user namespace would get capabilities back with execve.
    if (::prctl(PR_SET_SECUREBITS,
                SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                    SECBIT_KEEP_CAPS_LOCKED,
                0, 0, 0) != 0) {
        return error("PR_SET_SECUREBITS");
    }
    if (user && ::setresuid(user->uid, user->uid, user->uid) != 0) return error("setresuid");
    errno = keep_capabilities(0);
    if (errno != 0) return error("capset");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return error("PR_SET_NO_NEW_PRIVS");
    // SIGTERM, not SIGKILL: it drains what it can. Checked afterwards, in case the jailer died
    // before.
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0) return error("PR_SET_PDEATHSIG");
    if (::getppid() != jailer) return Error{Errc::kUnavailable, "the jailer has died", {}};

    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int const kept = ::fcntl(peer, F_DUPFD, 3);  // without close-on-exec
    if (kept < 0) return error("dup");
    ::setenv(protocol::kPeerVariable, std::to_string(kept).c_str(), 1);
    // By descriptor: opened with the jailer's rights, before they were given up. glibc 2.36 has the
    // wrapper execveat only under _GNU_SOURCE's <unistd.h>, which is what this is.
    ::execveat(program, "", options.command.data(), environ, AT_EMPTY_PATH);
    return error(std::string("execute ") + options.command[0]);
}

Result<pid_t> start_meridiand(Options const& options, std::optional<User> user, int program,
                              int peer) {
    pid_t const jailer = ::getpid();
    pid_t const child = ::fork();
    if (child < 0) return system_error("fork");
    if (child == 0) {
        auto const error = become_meridiand(options, user, program, peer, jailer);
        std::fprintf(stderr, "meridian-jailer: %s\n", error.message.c_str());
        ::_exit(kStartFailed);
    }
    return child;
}

Result<io::UniqueFd> block_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (int const signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    io::UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.valid()) return system_error("signalfd");
    return signals;
}

Result<Host> find_host(Options const& options, IdRange ids, bool privileged) {
    MERIDIAN_TRY(auto mounts, read_file("/proc/self/mountinfo"));
    MERIDIAN_TRY(auto groups, read_file("/proc/self/cgroup"));
    Host host{.ids = ids,
              .cgroups = Cgroups::open(find_cgroup_hierarchies(mounts, groups), privileged),
              .filter = {},
              .has_seccomp = SeccompFilter::is_available(),
              .has_loop_devices = privileged,
              .scratch = options.scratch,
              .pool = options.pool,
              .slots = options.slots};
    if (host.has_seccomp) {
        MERIDIAN_TRY(host.filter, SeccompFilter::compile());
    }
    return host;
}

Result<int> run(Options const& options) {
    io::UniqueFd const program(::open(options.command[0], O_PATH | O_CLOEXEC));
    if (!program.valid()) return system_error(std::string("open ") + options.command[0]);
    bool const privileged = ::geteuid() == 0;
    std::optional<User> user;
    IdRange ids{
        .first = kFirstRootId, .count = 2 * options.slots, .fallback_uid = 0, .fallback_gid = 0};
    if (privileged) {
        MERIDIAN_TRY(user, find_user(options.user));
    } else {
        MERIDIAN_TRY(ids, enter_user_namespace());
    }
    MERIDIAN_CHECK(enter_mount_namespace(options));
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    MERIDIAN_TRY(auto signals, block_signals());
    MERIDIAN_TRY(auto host, find_host(options, ids, privileged));

    std::array<int, 2> peers{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers.data()) != 0) {
        return system_error("socketpair");
    }
    io::UniqueFd ours(peers[0]);
    io::UniqueFd theirs(peers[1]);
    ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDTIMEO, &kPeerStall, sizeof kPeerStall);
    MERIDIAN_TRY(auto meridiand, start_meridiand(options, user, program.get(), theirs.get()));
    theirs.reset();

    // meridiand stays in the host's network; the jailer needs none, and an ordinary user's can come
    // back from a sandbox's only to a network namespace that is its own.
    if (::unshare(CLONE_NEWNET) != 0) {
        ::kill(meridiand, SIGKILL);
        return system_error("unshare(CLONE_NEWNET)");
    }
    io::UniqueFd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home.valid()) return system_error("open /proc/self/ns/net");
    return Jailer(std::move(host), std::move(ours), meridiand, std::move(signals), std::move(home))
        .run();
}

}  // namespace
}  // namespace meridian::sandbox::jailer

int main(int argc, char** argv) {
    using namespace meridian::sandbox::jailer;
    auto const options = parse_options(argc, argv);
    if (!options) {
        std::fprintf(stderr, "meridian-jailer: %s\n%s", options.error().message.c_str(), kUsage);
        return 2;
    }
    auto const status = run(*options);
    if (!status) {
        std::fprintf(stderr, "meridian-jailer: %s\n", status.error().message.c_str());
        return kStartFailed;
    }
    return *status;
}
