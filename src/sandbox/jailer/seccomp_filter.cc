#include "sandbox/jailer/seccomp_filter.h"

#include <memory>

#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

// What Node.js, CPython, the JVM, Go, and static and dynamic glibc and musl programs use. Names
// that an architecture does not have are skipped. Refused by not being here: namespaces and mounts
// (unshare, setns, mount*, fsopen, pivot_root, chroot), other processes' memory (ptrace,
// process_vm_*, kcmp, pidfd_getfd), the kernel's larger attack surfaces (bpf, perf_event_open,
// userfaultfd, io_uring, keyctl, fanotify), and the machine (modules, kexec, reboot, swap, clocks,
// quotas, syslog).
constexpr char const* kAllowed[] = {
    // Files
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "open", "openat", "openat2", "creat", "close", "close_range", "dup", "dup2", "dup3",
    "fcntl", "flock", "lseek", "_llseek", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range",
    "truncate", "ftruncate", "fallocate", "fadvise64", "readahead", "stat", "lstat", "fstat",
    "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "getdents",
    "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "readlink",
    "readlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown",
    "fchownat", "umask", "utime", "utimes", "utimensat", "futimesat", "mknod", "mknodat",
    "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "setxattr",
    "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "copy_file_range",
    "sendfile", "splice", "tee", "vmsplice", "ioctl", "inotify_init", "inotify_init1",
    "inotify_add_watch", "inotify_rm_watch", "memfd_create", "io_setup", "io_destroy", "io_submit",
    "io_cancel", "io_getevents", "io_pgetevents",
    // Waiting
    "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "nanosleep", "clock_nanosleep", "pause",
    "pipe", "pipe2",
    // Memory
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "mlock", "mlock2",
    "munlock", "mlockall", "munlockall", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "mseal", "remap_file_pages", "get_mempolicy", "set_mempolicy", "mbind", "shmget", "shmat",
    "shmctl", "shmdt", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv",
    "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify",
    "mq_getsetattr",
    // Processes and threads (clone: below)
    "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "kill", "tkill",
    "tgkill", "pidfd_open", "pidfd_send_signal", "getpid", "getppid", "gettid", "getpgid",
    "setpgid", "getpgrp", "getsid", "setsid", "set_tid_address", "set_robust_list",
    "get_robust_list", "rseq", "futex", "futex_waitv", "sched_yield", "sched_getaffinity",
    "sched_setaffinity", "sched_getparam", "sched_setparam", "sched_getscheduler",
    "sched_setscheduler", "sched_get_priority_max", "sched_get_priority_min",
    "sched_rr_get_interval", "sched_getattr", "sched_setattr", "getpriority", "setpriority",
    "ioprio_get", "ioprio_set", "getcpu", "prctl", "arch_prctl", "set_thread_area",
    "get_thread_area", "getrlimit", "setrlimit", "getrusage", "times", "sysinfo", "uname",
    "getrandom", "restart_syscall", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
    "landlock_restrict_self",
    // Identity (there are no capabilities: these only read, or set what is already so)
    "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid",
    "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid",
    "capget", "capset",
    // Signals and time
    "rt_sigaction", "rt_sigprocmask", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigreturn", "sigreturn", "sigaltstack", "alarm",
    "getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun",
    "timer_delete", "time", "gettimeofday", "clock_gettime", "clock_getres",
    // Sockets (socket: below)
    "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg",
    "sendmmsg", "recvmmsg"};

// Newer calls whose callers fall back when the kernel does not know them, but not when it says
// EPERM. clone3's flags lie in memory, where a filter cannot see them.
constexpr char const* kUnknown[] = {
    "clone3",       "io_uring_setup",  "io_uring_enter",  "io_uring_register",
    "memfd_secret", "process_madvise", "process_mrelease"};
// Those with no name in libseccomp 2.5: 449 (futex_waitv) is its newest. One number on every
// architecture since 5.4. The allowed ones are harmless forms of calls above.
constexpr int kAllowedNumbers[] = {452 /* fchmodat2 */, 462 /* mseal */};
constexpr int kUnknownNumbers[] = {450, 451, 453, 454, 455, 456, 457, 458, 459, 460,
                                   461, 463, 464, 465, 466, 467, 468, 469, 470};

constexpr unsigned long kNamespaceFlags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                          CLONE_NEWCGROUP;

struct ContextDeleter {
    void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, ContextDeleter>;

// One call with conditions on its arguments; all must hold.
template <typename... Conditions>
bool allow(Context const& context, char const* name, Conditions... conditions) {
    int const number = ::seccomp_syscall_resolve_name(name);
    return ::seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, number, sizeof...(conditions),
                              conditions...) == 0;
}

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp masked_equals(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

bool add_plain_rules(Context const& context) {
    for (char const* const name : kAllowed) {
        int const number = ::seccomp_syscall_resolve_name(name);
        if (number < 0) continue;  // not on this architecture, or newer than libseccomp
        if (::seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, number, 0) != 0) return false;
    }
    for (char const* const name : kUnknown) {
        int const number = ::seccomp_syscall_resolve_name(name);
        if (number < 0) continue;
        if (::seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), number, 0) != 0) return false;
    }
    for (int const number : kAllowedNumbers) {
        // EEXIST: a newer libseccomp knew it by name above.
        int const added = ::seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, number, 0);
        if (added != 0 && added != -EEXIST) return false;
    }
    for (int const number : kUnknownNumbers) {
        int const added = ::seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), number, 0);
        if (added != 0 && added != -EEXIST) return false;
    }
    return true;
}

bool add_conditional_rules(Context const& context) {
    // Threads and processes, no namespaces.
    bool ok = allow(context, "clone", masked_equals(0, kNamespaceFlags, 0));
    // Of itself only: where the host has one user id, the sandbox's init is of the function's user.
    ok = ok && allow(context, "prlimit64", equals(0, 0));
    // Only what dlopen and debuggers ask: the current one, Linux, no address randomisation.
    for (scmp_datum_t const persona :
         {0x0UL, static_cast<unsigned long>(ADDR_NO_RANDOMIZE), 0xffffffffUL}) {
        ok = ok && allow(context, "personality", equals(0, persona));
    }
    // Stream and datagram sockets of these families, with their own protocols: no raw or packet
    // sockets, no SCTP, VSOCK, ALG and the like. Netlink: routes only, which getaddrinfo and
    // getifaddrs read.
    constexpr scmp_datum_t kTypeMask = 0xf;
    ok = ok && allow(context, "socket", equals(0, AF_UNIX));
    for (scmp_datum_t const family : {AF_INET, AF_INET6}) {
        for (scmp_datum_t const protocol : {0, 6 /* TCP */}) {
            ok = ok && allow(context, "socket", equals(0, family),
                             masked_equals(1, kTypeMask, SOCK_STREAM), equals(2, protocol));
        }
        for (scmp_datum_t const protocol : {0, 17 /* UDP */}) {
            ok = ok && allow(context, "socket", equals(0, family),
                             masked_equals(1, kTypeMask, SOCK_DGRAM), equals(2, protocol));
        }
    }
    return ok && allow(context, "socket", equals(0, AF_NETLINK), equals(2, 0 /* NETLINK_ROUTE */));
}

}  // namespace

Result<SeccompFilter> SeccompFilter::compile() {
    Context const context(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!context) return fail(Errc::kIo, "seccomp_init failed");
    // 2: a binary tree over the call numbers instead of a list.
    if (::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
        !add_plain_rules(context) || !add_conditional_rules(context)) {
        return fail(Errc::kIo, "libseccomp refuses a rule");
    }
    io::UniqueFd const file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file.valid()) return system_error("memfd_create");
    if (::seccomp_export_bpf(context.get(), file.get()) != 0) {
        return fail(Errc::kIo, "libseccomp cannot compile the filter");
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return system_error("fstat");
    SeccompFilter filter;
    filter.program_.resize(static_cast<std::size_t>(info.st_size) / sizeof(sock_filter));
    if (::pread(file.get(), filter.program_.data(), static_cast<std::size_t>(info.st_size), 0) !=
        info.st_size) {
        return system_error("pread");
    }
    return filter;
}

int SeccompFilter::install() const {
    if (program_.empty()) return 0;
    sock_fprog const program{.len = static_cast<unsigned short>(program_.size()),
                             .filter = const_cast<sock_filter*>(program_.data())};
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}

bool SeccompFilter::is_available() {
    // EFAULT: the kernel got as far as reading the missing program.
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) != 0 && errno == EFAULT;
}

}  // namespace meridian::sandbox::jailer
