// What a hostile function would try, one attack a run: argv[1] names it. Static, so that it runs in
// an empty sandbox. Exit status: 0 the sandbox held, 1 it did not (what got through is printed), 2
// the attack is not known or could not be made. It is also the plain runtime of the contract test
// (exit, echo, hang, ...).

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int breaches = 0;

void breach(std::string const& what) {
    std::printf("BREACH: %s\n", what.c_str());
    ++breaches;
}

// The call must fail; with `error`, if one is given.
void must_fail(char const* what, long result, int error = 0) {
    int const got = errno;
    if (result >= 0) {
        breach(what);
    } else if (error != 0 && got != error) {
        breach(std::string(what) + ": " + std::strerror(got) + " instead of " +
               std::strerror(error));
    }
}

std::string slurp(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

using Arguments = std::vector<std::string>;

// Arguments: host paths that the driver has made and can read itself.
void read_host(Arguments const& paths) {
    Arguments all{"/etc/shadow",  "/root",       "/home",           "/boot",
                  "/sys",         "/var/lib",    "/var/log",        "/run",
                  "/dev/mem",     "/dev/kmsg",   "/dev/loop0",      "/dev/loop-control",
                  "/dev/vda",     "/dev/kvm",    "/dev/fuse",       "/dev/net/tun",
                  "/proc/1/root", "/proc/1/cwd", "/proc/1/environ", "/proc/1/maps",
                  "/proc/1/mem",  "/proc/1/fd"};
    all.insert(all.end(), paths.begin(), paths.end());
    for (auto const& path : all) {
        int const fd = ::open(path.c_str(), O_RDONLY);
        if (fd >= 0) breach("can open " + path);
    }
    for (char const* const path : {"/proc/kcore", "/proc/keys", "/proc/kallsyms",
                                   "/proc/timer_list", "/proc/modules", "/proc/iomem"}) {
        if (!slurp(path).empty()) breach(std::string("can read ") + path);
    }
    // Up and out by the old tricks.
    must_fail("chroot", ::chroot("/tmp"));
    if (::chdir("/../../../..") == 0 && ::access("root", F_OK) == 0)
        breach(".. leads out of the root");
}

// Argument: a secret that is in another sandbox's environment and in its code, written backwards so
// that this process's own command line does not hold it.
void see_others(Arguments const& backwards) {
    Arguments secrets;
    for (auto const& secret : backwards) secrets.emplace_back(secret.rbegin(), secret.rend());
    std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
    int seen = 0;
    while (dirent const* entry = ::readdir(proc.get())) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        ++seen;
        std::string const base = std::string("/proc/") + entry->d_name;
        if (std::atoi(entry->d_name) != ::getpid()) breach("sees process " + base);
        for (char const* const file : {"/environ", "/cmdline", "/maps"}) {
            for (auto const& secret : secrets) {
                if (slurp(base + file).find(secret) != std::string::npos)
                    breach("reads the secret in " + base);
            }
        }
    }
    if (seen != 1) breach("sees " + std::to_string(seen) + " processes");
    for (auto const& secret : secrets) {
        if (slurp("/var/task/secret").find(secret) != std::string::npos)
            breach("reads another's code");
    }
    if (::shmget(0x4d455249, 4096, 0) >= 0) breach("sees another's System V memory");
}

void signal_others(Arguments const&) {
    for (pid_t pid = 1; pid < 40'000; ++pid) {
        if (pid == ::getpid()) continue;
        // PID 1 exists, and may be of the same user where the host has one id only; it must not be
        // harmed.
        if (pid != 1 && ::kill(pid, 0) == 0) breach("can signal " + std::to_string(pid));
    }
    std::ignore = ::kill(1, SIGKILL);
    std::ignore = ::kill(1, SIGTERM);
    std::ignore = ::kill(1, SIGSTOP);
    must_fail("ptrace PID 1", ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr));
    must_fail("ptrace traceme", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
    char byte = 0;
    iovec const local{&byte, 1};
    iovec const remote{reinterpret_cast<void*>(0x400000), 1};
    must_fail("process_vm_readv", ::process_vm_readv(1, &local, 1, &remote, 1, 0));
    must_fail("process_vm_writev", ::process_vm_writev(1, &local, 1, &remote, 1, 0));
    must_fail("kcmp", ::syscall(SYS_kcmp, ::getpid(), 1, 0, 0, 0));
    int const pidfd = static_cast<int>(::syscall(SYS_pidfd_open, 1, 0));
    must_fail("pidfd_getfd", ::syscall(SYS_pidfd_getfd, pidfd, 3, 0));
    rlimit limit{1, 1};
    must_fail("prlimit PID 1", ::syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, &limit, nullptr));
}

int try_connect(sockaddr const* address, socklen_t length) {
    int const fd = ::socket(address->sa_family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    int const result = ::connect(fd, address, length);
    ::close(fd);
    return result;
}

// Arguments: host loopback ports, then names of host abstract sockets ("@name").
void reach_host(Arguments const& targets) {
    for (auto const& target : targets) {
        if (target[0] == '@') {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::memcpy(address.sun_path + 1, target.data() + 1, target.size() - 1);
            must_fail(("connect " + target).c_str(),
                      try_connect(reinterpret_cast<sockaddr*>(&address),
                                  static_cast<socklen_t>(sizeof(sa_family_t) + target.size())));
            continue;
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(target.c_str())));
        for (char const* const host :
             {"127.0.0.1", "127.0.0.2", "10.0.0.1", "169.254.169.254", "8.8.8.8"}) {
            ::inet_pton(AF_INET, host, &address.sin_addr);
            must_fail((std::string("connect ") + host + ":" + target).c_str(),
                      try_connect(reinterpret_cast<sockaddr*>(&address), sizeof address));
        }
    }
    // Its own Runtime API and its region's API are there; the name of every other interface is not.
    auto const devices = slurp("/proc/net/dev");
    if (devices.find("eth") != std::string::npos || devices.find("ens") != std::string::npos) {
        breach("sees the host's interfaces");
    }
}

// Whether somebody answers there: a connection to a port of the ephemeral range may meet itself.
template <typename Address>
bool answers(Address const& address) {
    int const fd = ::socket(reinterpret_cast<sockaddr const*>(&address)->sa_family, SOCK_STREAM, 0);
    bool connected =
        ::connect(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    Address own{};
    Address peer{};
    socklen_t length = sizeof own;
    if (connected && ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
        ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0) {
        connected = std::memcmp(&own, &peer, sizeof own) != 0;
    }
    ::close(fd);
    return connected;
}

// Arguments: the ports that are to answer on 127.0.0.1. No other does, by either family, and the
// two cannot be taken over.
void open_ports(Arguments const& expected) {
    for (int port = 1; port <= 65'535; ++port) {
        auto const name = "port " + std::to_string(port);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool const wanted =
            std::find(expected.begin(), expected.end(), std::to_string(port)) != expected.end();
        if (answers(address) != wanted)
            breach(name + (wanted ? " does not answer" : " answers on 127.0.0.1"));
        sockaddr_in6 address6{};
        address6.sin6_family = AF_INET6;
        address6.sin6_port = address.sin_port;
        address6.sin6_addr = in6addr_loopback;
        if (answers(address6)) breach(name + " answers on ::1");
        if (!wanted) continue;
        for (auto const host : {INADDR_LOOPBACK, INADDR_ANY}) {
            int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
            int const on = 1;
            ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
            address.sin_addr.s_addr = htonl(host);
            must_fail("bind over a listener",
                      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
                      EADDRINUSE);
            ::close(fd);
        }
    }
}

void mount_things(Arguments const&) {
    must_fail("mount tmpfs", ::mount("none", "/tmp", "tmpfs", 0, nullptr));
    must_fail("mount proc", ::mount("none", "/tmp", "proc", 0, nullptr));
    must_fail("bind", ::mount("/tmp", "/dev/shm", nullptr, MS_BIND, nullptr));
    must_fail("remount / rw", ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr));
    must_fail("remount /var/task rw",
              ::mount(nullptr, "/var/task", nullptr, MS_REMOUNT | MS_BIND, nullptr));
    must_fail("umount /proc/sys", ::umount2("/proc/sys", MNT_DETACH));
    must_fail("umount /tmp", ::umount2("/tmp", MNT_DETACH));
    must_fail("pivot_root", ::syscall(SYS_pivot_root, ".", "."));
    must_fail("fsopen", ::syscall(SYS_fsopen, "tmpfs", 0));
    must_fail("open_tree", ::syscall(SYS_open_tree, AT_FDCWD, "/", 1));
    must_fail("move_mount", ::syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/opt", 0));
    must_fail("mount_setattr", ::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, nullptr, 0));
    must_fail("fspick", ::syscall(SYS_fspick, AT_FDCWD, "/tmp", 0));
    must_fail("swapon", ::syscall(SYS_swapon, "/tmp/x", 0));
    must_fail("quotactl", ::syscall(SYS_quotactl, 0, "/dev/vda", 0, nullptr));
    must_fail("mknod", ::mknod("/tmp/disk", S_IFBLK | 0666, makedev(254, 0)));
    must_fail("mknod", ::mknod("/tmp/memory", S_IFCHR | 0666, makedev(1, 1)));
}

void load_modules(Arguments const&) {
    must_fail("init_module", ::syscall(SYS_init_module, "x", 1, ""), EPERM);
    must_fail("finit_module", ::syscall(SYS_finit_module, 0, "", 0), EPERM);
    must_fail("delete_module", ::syscall(SYS_delete_module, "loop", 0), EPERM);
    must_fail("kexec_load", ::syscall(SYS_kexec_load, 0, 0, nullptr, 0), EPERM);
    must_fail("kexec_file_load", ::syscall(SYS_kexec_file_load, 0, 0, 0, "", 0), EPERM);
}

void raw_sockets(Arguments const&) {
    struct {
        int family, type, protocol;
        char const* name;
    } const sockets[] = {{AF_INET, SOCK_RAW, IPPROTO_ICMP, "raw ICMP"},
                         {AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW, "raw IP"},
                         {AF_INET6, SOCK_RAW, 58, "raw ICMPv6"},
                         {AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "ping"},
                         {AF_PACKET, SOCK_RAW, 0, "packet"},
                         {AF_PACKET, SOCK_DGRAM, 0, "packet datagram"},
                         {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT, "netlink audit"},
                         {AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT, "netlink uevent"},
                         {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, "netfilter"},
                         {AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, "sock_diag"},
                         {AF_VSOCK, SOCK_STREAM, 0, "vsock"},
                         {AF_ALG, SOCK_SEQPACKET, 0, "alg"},
                         {AF_KEY, SOCK_RAW, 2, "key"},
                         {AF_BLUETOOTH, SOCK_RAW, 1, "bluetooth"},
                         {AF_INET, SOCK_STREAM, 132, "sctp"}};
    for (auto const& s : sockets) must_fail(s.name, ::socket(s.family, s.type, s.protocol), EPERM);
    if (::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0) breach("netlink route does not work");
    if (::socket(AF_INET6, SOCK_DGRAM, 0) < 0) breach("UDP does not work");
}

int child_of_clone(void*) { return 0; }

void new_namespaces(Arguments const&) {
    struct {
        int flag;
        char const* name;
    } const flags[] = {{CLONE_NEWUSER, "user"},     {CLONE_NEWNS, "mnt"},   {CLONE_NEWPID, "pid"},
                       {CLONE_NEWNET, "net"},       {CLONE_NEWUTS, "uts"},  {CLONE_NEWIPC, "ipc"},
                       {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};
    static char stack[65536];
    for (auto const& f : flags) {
        must_fail((std::string("unshare ") + f.name).c_str(), ::unshare(f.flag), EPERM);
        if (f.flag != CLONE_NEWTIME) {
            must_fail((std::string("clone ") + f.name).c_str(),
                      ::clone(child_of_clone, stack + sizeof stack, f.flag | SIGCHLD, nullptr),
                      EPERM);
        }
        std::string const path = std::string("/proc/self/ns/") + f.name;
        must_fail("setns", ::setns(::open(path.c_str(), O_RDONLY), 0), EPERM);
    }
    char arguments[64]{};
    must_fail("clone3", ::syscall(SYS_clone3, arguments, sizeof arguments), ENOSYS);
}

void forbidden_calls(Arguments const&) {
    must_fail("bpf", ::syscall(SYS_bpf, 0, nullptr, 0), EPERM);
    must_fail("perf_event_open", ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0), EPERM);
    must_fail("userfaultfd", ::syscall(SYS_userfaultfd, 0), EPERM);
    must_fail("io_uring_setup", ::syscall(SYS_io_uring_setup, 1, nullptr), ENOSYS);
    must_fail("keyctl", ::syscall(SYS_keyctl, 0, -3, 0), EPERM);
    must_fail("add_key", ::syscall(SYS_add_key, "user", "x", "x", 1, -3), EPERM);
    must_fail("request_key", ::syscall(SYS_request_key, "user", "x", "x", -3), EPERM);
    must_fail("open_by_handle_at", ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0), EPERM);
    must_fail("fanotify_init", ::syscall(SYS_fanotify_init, 0, 0), EPERM);
    must_fail("syslog", ::syscall(SYS_syslog, 3, nullptr, 0), EPERM);
    must_fail("reboot", ::syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234567, 0), EPERM);
    must_fail("settimeofday", ::syscall(SYS_settimeofday, nullptr, nullptr), EPERM);
    must_fail("clock_settime", ::syscall(SYS_clock_settime, 0, nullptr), EPERM);
    must_fail("sethostname", ::syscall(SYS_sethostname, "x", 1), EPERM);
    must_fail("acct", ::syscall(SYS_acct, nullptr), EPERM);
    must_fail("personality", ::syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */), EPERM);
    must_fail("memfd_secret", ::syscall(447, 0), ENOSYS);
    must_fail("statmount", ::syscall(457, nullptr, nullptr, 0, 0), ENOSYS);
#ifdef __x86_64__
    must_fail("iopl", ::syscall(SYS_iopl, 3), EPERM);
    must_fail("ioperm", ::syscall(SYS_ioperm, 0, 1, 1), EPERM);
    must_fail("modify_ldt", ::syscall(SYS_modify_ldt, 0, nullptr, 0), EPERM);
#endif
}

void write_read_only(Arguments const&) {
    for (char const* const path : {"/x", "/var/x", "/var/task/x", "/opt/x", "/etc/x", "/dev/x",
                                   "/proc/x", "/usr/x", "/var/runtime/x"}) {
        must_fail((std::string("create ") + path).c_str(), ::open(path, O_WRONLY | O_CREAT, 0600));
    }
    for (char const* const path : {"/etc/passwd", "/etc/hosts", "/var/task/bootstrap",
                                   "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
                                   "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches"}) {
        int const fd = ::open(path, O_WRONLY);
        // /proc/sysrq-trigger is masked by /dev/null, which swallows.
        struct stat info{};
        if (fd >= 0 && (::fstat(fd, &info) != 0 || info.st_rdev != makedev(1, 3))) {
            breach(std::string("can write ") + path);
        }
        must_fail("unlink", ::unlink(path));
        if (fd < 0) must_fail("chmod", ::chmod(path, 0777));
    }
    must_fail("rename /var/task/bootstrap", ::rename("/var/task/bootstrap", "/var/task/b"));
    must_fail("rmdir /opt", ::rmdir("/opt"));
}

std::string status_line(char const* name) {
    auto const status = slurp("/proc/self/status");
    auto const at = status.find(std::string(name) + ":");
    if (at == std::string::npos) return {};
    auto line = status.substr(at, status.find('\n', at) - at);
    line.erase(0, std::strlen(name) + 1);
    while (!line.empty() && (line[0] == '\t' || line[0] == ' ')) line.erase(0, 1);
    return line;
}

// Argument: "telemetry" if descriptor 3 is to be open.
void own_privileges(Arguments const& arguments) {
    for (char const* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        if (status_line(set) != "0000000000000000")
            breach(std::string(set) + " " + status_line(set));
    }
    if (status_line("NoNewPrivs") != "1") breach("no_new_privs is not set");
    if (status_line("Seccomp") != "2") breach("there is no system call filter");
    if (::getuid() != 993 || ::geteuid() != 993) breach("uid " + std::to_string(::getuid()));
    must_fail("setuid(0)", ::setuid(0));
    must_fail("setgid(0)", ::setgid(0));
    must_fail("setuid(65534)", ::setuid(65534));
    gid_t const root = 0;
    must_fail("setgroups", ::setgroups(1, &root));
    std::size_t const descriptors = arguments.empty() ? 3 : 4;
    for (int fd = 0; fd < 1024; ++fd) {
        if ((::fcntl(fd, F_GETFD) != -1) != (static_cast<std::size_t>(fd) < descriptors)) {
            breach("descriptor " + std::to_string(fd));
        }
    }
    std::map<int, rlim_t> const limits{{RLIMIT_NOFILE, 1024},
                                       {RLIMIT_CORE, 0},
                                       {RLIMIT_MEMLOCK, 65536},
                                       {RLIMIT_STACK, 8UL << 20}};
    for (auto const& [resource, expected] : limits) {
        rlimit limit{};
        ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
        if (limit.rlim_cur != expected) breach("rlimit " + std::to_string(resource));
    }
    must_fail("raise NOFILE", [] {
        rlimit const limit{4096, 4096};
        return ::setrlimit(RLIMIT_NOFILE, &limit);
    }());
    must_fail("lower oom_score_adj", [] {
        int const fd = ::open("/proc/self/oom_score_adj", O_WRONLY);
        return fd < 0 ? -1L : static_cast<long>(::write(fd, "-1000", 5));
    }());
    if (slurp("/proc/self/oom_score_adj") != "500\n")
        breach("the kernel does not prefer it when memory is short");
    char host[64]{};
    ::gethostname(host, sizeof host);
    if (std::string(host) != "sandbox") breach("host name");
    struct stat task{};
    if (::getppid() != 1) breach("the parent is not the sandbox's init");
    if (::stat("/var/task", &task) != 0) breach("there is no /var/task");
    struct stat tmp{};
    if (::stat("/tmp", &tmp) != 0 || (tmp.st_mode & 07777) != 01777) breach("/tmp is not 1777");
}

// Argument: the configured megabytes.
void fill_tmp(Arguments const& arguments) {
    long const expected = std::atol(arguments.at(0).c_str());
    std::vector<char> const block(1 << 20, 'x');
    long written = 0;
    int error = 0;
    for (int file = 0; error == 0 && file < 4; ++file) {
        int const fd =
            ::open(("/tmp/fill" + std::to_string(file)).c_str(), O_WRONLY | O_CREAT, 0600);
        while (true) {
            ssize_t const got = ::write(fd, block.data(), block.size());
            if (got == static_cast<ssize_t>(block.size())) {
                if (++written > 4 * expected) breach("/tmp has no end"), std::exit(1);
                continue;
            }
            if (got < 0) error = errno;
            break;
        }
        ::close(fd);
    }
    std::printf("wrote %ld MiB, then %s\n", written, std::strerror(error));
    if (error != ENOSPC) breach("filling /tmp is not ENOSPC");
    if (written < expected - 1 || written > expected + expected / 10 + 2)
        breach("the size of /tmp");
    for (int file = 0; file < 4; ++file) ::unlink(("/tmp/fill" + std::to_string(file)).c_str());
    int const fd = ::open("/tmp/after", O_WRONLY | O_CREAT, 0600);
    if (::write(fd, "x", 1) != 1) breach("/tmp is not usable after it was emptied");
}

// Argument: the limit.
void fork_bomb(Arguments const& arguments) {
    long const limit = std::atol(arguments.at(0).c_str());
    long forked = 0;
    std::vector<pid_t> children;
    while (true) {
        pid_t const child = ::fork();
        if (child == 0) {
            ::pause();
            ::_exit(0);
        }
        if (child < 0) break;
        children.push_back(child);
        if (++forked > limit + 50) {
            breach("more processes than the limit");
            break;
        }
    }
    std::printf("forked %ld, then %s\n", forked, std::strerror(errno));
    if (forked < limit - 10) breach("fewer processes than the limit allows");
    for (pid_t const child : children) ::kill(child, SIGKILL);
    while (::wait(nullptr) > 0) {
    }
}

// Never returns if the limit holds. Argument: megabytes at which to give up, which is a breach.
void memory_bomb(Arguments const& arguments) {
    long const end = std::atol(arguments.at(0).c_str());
    for (long megabyte = 0; megabyte < end; megabyte += 4) {
        void* const block =
            ::mmap(nullptr, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            std::printf("mmap: %s\n", std::strerror(errno));
            std::exit(2);
        }
        std::memset(block, 1, 4 << 20);
    }
    breach("memory has no limit");
}

// A grandchild in its own session that outlives this process, if it can, with stdout open.
void leave_orphan(Arguments const&) {
    if (::fork() == 0) {
        ::setsid();
        if (::fork() == 0) {
            ::signal(SIGTERM, SIG_IGN);
            ::signal(SIGHUP, SIG_IGN);
            while (true) ::pause();
        }
        ::_exit(0);
    }
    ::wait(nullptr);
}

[[noreturn]] void hang() {
    while (true) ::pause();
}

// --- Not attacks: what a contract test's runtime does ---

// Argument: the port on the loopback.
int call(Arguments const& arguments) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(arguments.at(0).c_str())));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        std::printf("connect: %s\n", std::strerror(errno));
        return 1;
    }
    if (::write(fd, "hello", 5) != 5) return 1;
    char reply[5]{};
    return ::read(fd, reply, 5) == 5 && std::memcmp(reply, "world", 5) == 0 ? 0 : 1;
}

int plain(std::string const& what, Arguments const& arguments) {
    if (what == "exit") return std::atoi(arguments.at(0).c_str());
    if (what == "echo") {
        std::printf("%s", arguments.at(0).c_str());
        return 0;
    }
    if (what == "environment") {
        char const* const value = std::getenv(arguments.at(0).c_str());
        std::printf("%s", value != nullptr ? value : "(unset)");
        return 0;
    }
    if (what == "telemetry") return ::write(3, "frame", 5) == 5 ? 0 : 1;
    if (what == "hang") {
        std::printf("ready");
        std::fflush(stdout);
        hang();
    }
    if (what == "ignore-sigterm") {
        ::signal(SIGTERM, SIG_IGN);
        std::printf("ready");
        std::fflush(stdout);
        hang();
    }
    if (what == "tick") {
        // One byte every millisecond: a reader sees when this process runs.
        while (::write(1, ".", 1) == 1) ::usleep(1000);
        return 0;
    }
    if (what == "spin") {
        // Uses so many milliseconds of CPU and says how long that took.
        timespec start{};
        ::clock_gettime(CLOCK_MONOTONIC, &start);
        timespec now{};
        do {
            ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        } while (now.tv_sec * 1000 + now.tv_nsec / 1'000'000 < std::atol(arguments.at(0).c_str()));
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        std::printf("%ld",
                    (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1'000'000);
        return 0;
    }
    if (what == "call") return call(arguments);
    if (what == "write-tmp") {
        int const fd = ::open("/tmp/kept", O_WRONLY | O_CREAT, 0600);
        return ::write(fd, "kept", 4) == 4 ? 0 : 1;
    }
    if (what == "read-tmp") return slurp("/tmp/kept") == "kept" ? 0 : 1;
    if (what == "leave-orphan-and-secret") {
        ::shmget(0x4d455249, 4096, IPC_CREAT | 0666);
        hang();
    }
    return -1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::string const name = argv[1];
    Arguments const arguments(argv + 2, argv + argc);
    if (int const status = plain(name, arguments); status >= 0) return status;
    std::map<std::string, void (*)(Arguments const&)> const attacks{
        {"read-host", read_host},         {"see-others", see_others},
        {"signal-others", signal_others}, {"reach-host", reach_host},
        {"open-ports", open_ports},       {"mount", mount_things},
        {"load-modules", load_modules},   {"raw-sockets", raw_sockets},
        {"namespaces", new_namespaces},   {"forbidden-calls", forbidden_calls},
        {"write", write_read_only},       {"privileges", own_privileges},
        {"fill-tmp", fill_tmp},           {"fork-bomb", fork_bomb},
        {"memory-bomb", memory_bomb},     {"leave-orphan", leave_orphan}};
    auto const attack = attacks.find(name);
    if (attack == attacks.end()) return 2;
    attack->second(arguments);
    std::fflush(stdout);
    return breaches == 0 ? 0 : 1;
}
