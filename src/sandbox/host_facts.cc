#include "sandbox/host_facts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "sandbox/jailer/cgroup_hierarchies.h"

namespace meridian::sandbox {

namespace {

std::string slurp(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Runs `attempt` in a child, so that what it changes ends with it. Its errno, or 0.
template <typename Attempt>
int try_in_child(Attempt attempt) {
    pid_t const child = ::fork();
    if (child < 0) return errno;
    if (child == 0) ::_exit(attempt() ? 0 : (errno != 0 ? errno : 1));
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

std::string because(int error) { return std::strerror(error); }

// Whether this process may make groups in a hierarchy, as the jailer would. A v1 hierarchy is
// root's alone.
bool may_use(jailer::CgroupHierarchy const& hierarchy) {
    if (::geteuid() == 0) return ::access(hierarchy.own_path.c_str(), W_OK) == 0;
    return hierarchy.version2 && ::access(hierarchy.own_path.c_str(), W_OK) == 0 &&
           ::access((hierarchy.own_path + "/cgroup.procs").c_str(), W_OK) == 0;
}

std::string words_for(jailer::CgroupHierarchy const& hierarchy) {
    return (hierarchy.version2 ? "cgroup v2 at " : "cgroup v1 at ") + hierarchy.mount_point;
}

std::vector<jailer::CgroupHierarchy> find_hierarchies() {
    auto found =
        jailer::find_cgroup_hierarchies(slurp("/proc/self/mountinfo"), slurp("/proc/self/cgroup"));
    for (auto& hierarchy : found) {
        if (hierarchy.version2)
            hierarchy.controllers =
                jailer::read_controllers(hierarchy.mount_point + "/cgroup.controllers");
    }
    std::ranges::sort(found, std::greater{}, &jailer::CgroupHierarchy::version2);
    return found;
}

std::optional<jailer::CgroupHierarchy> find_controller(std::string const& name) {
    for (auto& hierarchy : find_hierarchies()) {
        if (std::ranges::find(hierarchy.controllers, name) != hierarchy.controllers.end()) {
            return std::move(hierarchy);
        }
    }
    return std::nullopt;
}

Facility limit_by_cgroup(FacilityKind kind, std::string_view name, std::string const& controller,
                         std::string weaker) {
    Facility facility{.kind = kind, .name = name, .detail = {}, .weaker = {}, .remedy = {}};
    auto const found = find_controller(controller);
    if (!found) {
        facility.detail = "no cgroup controller \"" + controller + "\" is mounted";
        facility.remedy =
            "boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1), or mount the controller";
    } else if (may_use(*found)) {
        facility.available = true;
        facility.detail = words_for(*found);
        return facility;
    } else if (::geteuid() == 0) {
        facility.detail = words_for(*found) + " is read-only";
        facility.remedy = "run outside of the container, or give it a writable cgroup";
    } else {
        facility.detail = words_for(*found) + " is not delegated to this user";
        facility.remedy = found->version2
                              ? "run as root, or under `systemd-run --user --scope -p Delegate=yes`"
                              : "run as root: a v1 hierarchy cannot be delegated safely";
    }
    facility.weaker = std::move(weaker);
    return facility;
}

Facility user_namespaces() {
    Facility facility{.kind = FacilityKind::kUserNamespaces,
                      .name = "user namespaces",
                      .required = true,
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    int const error =
        try_in_child([] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0; });
    facility.available = error == 0;
    if (facility.available) {
        facility.detail = "limit " + slurp("/proc/sys/user/max_user_namespaces");
        while (facility.detail.ends_with('\n')) facility.detail.pop_back();
        return facility;
    }
    facility.detail = because(error);
    facility.weaker = "there are no sandboxes";
    if (slurp("/proc/sys/user/max_user_namespaces").starts_with("0")) {
        facility.remedy = "sysctl user.max_user_namespaces=65536";
    } else if (slurp("/proc/sys/kernel/unprivileged_userns_clone").starts_with("0")) {
        facility.remedy = "sysctl kernel.unprivileged_userns_clone=1, or run as root";
    } else if (slurp("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").starts_with("1")) {
        facility.remedy =
            "an AppArmor profile for meridian-jailer that allows userns, or run as root";
    } else {
        facility.remedy = "run as root, or outside of this container";
    }
    return facility;
}

Facility network_namespaces() {
    Facility facility{.kind = FacilityKind::kNetworkNamespaces,
                      .name = "network namespaces",
                      .required = true,
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    int const error = try_in_child([] {
        return ::unshare(::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == 0;
    });
    facility.available = error == 0;
    if (!facility.available) {
        facility.detail = because(error);
        facility.weaker = "there are no sandboxes";
        facility.remedy = "a kernel with CONFIG_NET_NS, and user.max_net_namespaces above 0";
    }
    return facility;
}

Facility seccomp() {
    Facility facility{.kind = FacilityKind::kSeccomp,
                      .name = "system call filter",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    // EFAULT: the kernel got as far as reading the missing filter.
    facility.available =
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) != 0 && errno == EFAULT;
    if (!facility.available) {
        facility.detail = "this kernel has no seccomp filters";
        facility.weaker = "functions can make every system call of the kernel";
        facility.remedy = "a kernel with CONFIG_SECCOMP_FILTER";
    }
    return facility;
}

Facility mount_api() {
    Facility facility{.kind = FacilityKind::kMountApi,
                      .name = "mounts by descriptor",
                      .required = true,
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    facility.available = !(::mount_setattr(-1, "", 0, nullptr, 0) != 0 && errno == ENOSYS);
    if (!facility.available) {
        facility.detail = "this kernel has no mount_setattr";
        facility.weaker = "there are no sandboxes";
        facility.remedy = "Linux 5.14 or newer";
    }
    return facility;
}

Facility process_limit() {
    Facility facility{.kind = FacilityKind::kProcessLimit,
                      .name = "process limit",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    auto const pids = find_controller("pids");
    facility.available = true;
    facility.detail = "RLIMIT_NPROC of each sandbox's own user namespace";
    if (::geteuid() == 0 && pids && pids->version2)
        facility.detail += ", and pids in " + words_for(*pids);
    return facility;
}

Facility freezer() {
    Facility facility{.kind = FacilityKind::kFreezer,
                      .name = "freezer",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    for (auto const& hierarchy : find_hierarchies()) {
        bool const has_freezer =
            hierarchy.version2 ||
            std::ranges::find(hierarchy.controllers, "freezer") != hierarchy.controllers.end();
        if (!has_freezer || !may_use(hierarchy)) continue;
        facility.available = true;
        facility.detail = words_for(hierarchy);
        return facility;
    }
    facility.detail = "no freezer that this user may write to";
    facility.weaker =
        "idle environments are stopped with SIGSTOP, which their processes can notice";
    facility.remedy =
        "run as root, or under `systemd-run --user --scope -p Delegate=yes` on cgroup v2";
    return facility;
}

Facility tmp_disk() {
    Facility facility{.kind = FacilityKind::kTmpDisk,
                      .name = "disk for /tmp",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    bool const tool =
        ::access("/sbin/mke2fs", X_OK) == 0 || ::access("/usr/sbin/mke2fs", X_OK) == 0;
    bool const device = ::access("/dev/loop-control", R_OK | W_OK) == 0;
    if (::geteuid() != 0) {
        facility.detail = "only root may use loop devices";
        facility.remedy = "run as root";
    } else if (!device) {
        facility.detail = "no /dev/loop-control";
        facility.remedy = "modprobe loop, or give the container the device";
    } else if (!tool) {
        facility.detail = "no mke2fs";
        facility.remedy = "apt-get install e2fsprogs";
    } else {
        facility.available = true;
        facility.detail = "ext4 on loop devices";
        return facility;
    }
    facility.weaker = "/tmp is a tmpfs: what a function writes there counts as its memory";
    return facility;
}

Facility separate_users() {
    Facility facility{.kind = FacilityKind::kSeparateUsers,
                      .name = "a host user for each sandbox",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    if (::geteuid() == 0) {
        facility.available = true;
        facility.detail = "ids from 1879048192 on";
        return facility;
    }
    bool const helpers =
        ::access("/usr/bin/newuidmap", X_OK) == 0 && ::access("/usr/bin/newgidmap", X_OK) == 0;
    // The jailer looks the name up too; a number alone is enough to know that the files are in use.
    bool const ids = !slurp("/etc/subuid").empty() && !slurp("/etc/subgid").empty();
    if (helpers && ids) {
        facility.available = true;
        facility.detail = "subordinate ids of /etc/subuid";
        return facility;
    }
    facility.detail = helpers ? "no subordinate ids in /etc/subuid" : "no newuidmap";
    facility.weaker =
        "all sandboxes run as this host user; namespaces and the filter alone keep them apart";
    facility.remedy =
        helpers ? "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"
                : "apt-get install uidmap, and subordinate ids in /etc/subuid and /etc/subgid";
    return facility;
}

Facility landlock() {
    Facility facility{.kind = FacilityKind::kLandlock,
                      .name = "Landlock",
                      .detail = {},
                      .weaker = {},
                      .remedy = {}};
    auto const abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    facility.available = abi > 0;
    facility.detail =
        abi > 0 ? "version " + std::to_string(abi) + "; not used yet" : "not in this kernel";
    return facility;
}

}  // namespace

bool HostFacts::usable() const {
    return std::ranges::all_of(facilities,
                               [](Facility const& f) { return f.available || !f.required; });
}

Facility const& HostFacts::of(FacilityKind kind) const {
    auto const found = std::ranges::find(facilities, kind, &Facility::kind);
    MERIDIAN_ASSERT(found != facilities.end());
    return *found;
}

HostFacts find_host_facts() {
    HostFacts facts;
    utsname system{};
    if (::uname(&system) == 0) facts.kernel = system.release;
    facts.root = ::geteuid() == 0;
    facts.facilities = {
        user_namespaces(),
        network_namespaces(),
        seccomp(),
        mount_api(),
        limit_by_cgroup(FacilityKind::kMemoryLimit, "memory limit", "memory",
                        "a function can use all of the host's memory"),
        limit_by_cgroup(FacilityKind::kCpuLimit, "CPU limit", "cpu",
                        "a function can use every CPU whatever its memory size"),
        process_limit(),
        freezer(),
        tmp_disk(),
        separate_users(),
        landlock(),
    };
    return facts;
}

}  // namespace meridian::sandbox
