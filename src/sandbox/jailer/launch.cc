#include "sandbox/jailer/launch.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sandbox/jailer/protocol.h"
#include "sandbox/jailer/root_file_system.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

// Recorded on Lambda (behaviour of 2025), but for CORE, which is 0 here: nobody collects the files.
constexpr std::array kResourceLimits{
    std::pair{RLIMIT_NOFILE, rlimit{1024, 1024}},
    std::pair{RLIMIT_CORE, rlimit{0, 0}},
    std::pair{RLIMIT_MEMLOCK, rlimit{65'536, 65'536}},
    std::pair{RLIMIT_STACK, rlimit{8UL << 20, RLIM_INFINITY}},
    std::pair{RLIMIT_RTPRIO, rlimit{0, 0}},
    std::pair{RLIMIT_NICE, rlimit{0, 0}},
    std::pair{RLIMIT_SIGPENDING, rlimit{1024, 1024}},
};

// A limit that this process may not raise stays where it is.
int set_resource_limits(std::uint64_t processes_max) {
    for (auto const& [resource, wanted] : kResourceLimits) {
        rlimit current{};
        if (::getrlimit(resource, &current) != 0) return errno;
        rlimit const limit{.rlim_cur = std::min(wanted.rlim_cur, current.rlim_max),
                           .rlim_max = std::min(wanted.rlim_max, current.rlim_max)};
        if (::setrlimit(resource, &limit) != 0) return errno;
    }
    if (processes_max != 0) {
        // Counted per user of a user namespace, so of this sandbox alone. The pids cgroup says the
        // same where there is one.
        rlimit const limit{processes_max, processes_max};
        if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return errno;
    }
    return 0;
}

int set_descriptors(Launch const& launch) {
    // Above the range that is being filled, so that no source is overwritten.
    int const output = ::fcntl(launch.output, F_DUPFD_CLOEXEC, 16);
    int const telemetry =
        launch.telemetry < 0 ? -1 : ::fcntl(launch.telemetry, F_DUPFD_CLOEXEC, 16);
    if (output < 0 || (launch.telemetry >= 0 && telemetry < 0)) return errno;
    int const null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return errno;
    if (::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) return errno;
    if (telemetry >= 0 && ::dup2(telemetry, protocol::kTelemetryDescriptor) < 0) return errno;
    return 0;
}

int become_function_user(bool has_own_uid) {
    if (!has_own_uid) return 0;  // the init is mapped to that user already
    // Raw calls: this process has one thread, and glibc's wrappers would look for others.
    if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
    if (::syscall(SYS_setresgid, kFunctionGid, kFunctionGid, kFunctionGid) != 0) return errno;
    if (::syscall(SYS_setresuid, kFunctionUid, kFunctionUid, kFunctionUid) != 0) return errno;
    return 0;
}

std::vector<char*> pointers(std::vector<std::string_view> const& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (auto const string : strings) result.push_back(const_cast<char*>(string.data()));
    result.push_back(nullptr);
    return result;
}

// The child's way to the program. Returns errno of the step that failed.
int become_runtime(Launch const& launch) {
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return errno;
    if (int const error = set_descriptors(launch); error != 0) return error;
    int const first_unused =
        launch.telemetry >= 0 ? protocol::kTelemetryDescriptor + 1 : protocol::kTelemetryDescriptor;
    // Not closed at once: launch()'s pipe must live until execve, and say so by closing.
    if (::close_range(static_cast<unsigned>(first_unused), ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        return errno;
    if (int const error = set_resource_limits(launch.processes_max); error != 0) return error;
    if (int const error = become_function_user(launch.has_own_uid); error != 0) return error;
    if (int const error = keep_capabilities(0); error != 0) return error;
    if (::chdir(std::string(launch.working_directory).c_str()) != 0) return errno;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    auto const arguments = pointers(launch.arguments);
    auto const environment = pointers(launch.environment);
    if (int const error = launch.filter->install(); error != 0) return error;
    ::execve(arguments[0], arguments.data(), environment.data());
    return errno;
}

}  // namespace

int drop_bounding_set() {
    for (unsigned long capability = 0; capability < 64; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            return errno == EINVAL ? 0 : errno;  // EINVAL: past the kernel's last one
        }
    }
    return 0;
}

int keep_capabilities(std::uint64_t mask) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> data{};
    for (unsigned i = 0; i < 2; ++i) {
        data[i].effective = data[i].permitted = static_cast<__u32>(mask >> (32 * i));
    }
    // No wrapper in glibc; libcap for one call would be a dependency of the privileged program.
    return ::syscall(SYS_capset, &header, data.data()) == 0 ? 0 : errno;
}

LaunchResult launch(Launch const& launch) {
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) return {.process = -1, .error = errno};
    io::UniqueFd const read_end(report[0]);
    io::UniqueFd write_end(report[1]);
    pid_t const child = ::fork();
    if (child < 0) return {.process = -1, .error = errno};
    if (child == 0) {
        int const error = become_runtime(launch);
        std::ignore = ::write(write_end.get(), &error, sizeof error);
        ::_exit(127);
    }
    write_end.reset();
    int error = 0;
    ssize_t got = -1;
    do {
        got = ::read(read_end.get(), &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return {.process = child, .error = 0};  // closed by execve
    ::waitpid(child, nullptr, 0);
    return {.process = -1, .error = got == sizeof error ? error : EIO};
}

}  // namespace meridian::sandbox::jailer
