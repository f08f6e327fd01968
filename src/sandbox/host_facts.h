#pragma once
// What this host can give to sandboxes and what not, for `meridian doctor` and the log at start:
// found by looking and by trying, as the user that asks. Plain data; whoever shows it chooses the
// words around it.
//
// find_host_facts() forks short-lived children that try namespaces; call it in a process without
// threads, or before there are any. Blocks for some milliseconds.

#include <string>
#include <string_view>
#include <vector>

namespace meridian::sandbox {

enum class FacilityKind {
    kUserNamespaces,
    kNetworkNamespaces,
    kSeccomp,
    kMountApi,  // open_tree, mount_setattr, move_mount
    kMemoryLimit,
    kCpuLimit,
    kProcessLimit,
    kFreezer,
    kTmpDisk,        // loop devices and mke2fs behind /tmp
    kSeparateUsers,  // a host user id of its own for each sandbox
    kLandlock,       // optional; not used yet
};

struct Facility {
    FacilityKind kind;
    std::string_view name;  // "memory limit"
    bool available = false;
    bool required = false;  // without it there are no sandboxes at all
    std::string detail;     // how: "cgroup v1 at /sys/fs/cgroup/memory"; or why not
    std::string weaker;     // what is weaker without it; empty if available
    std::string remedy;     // how to get it; empty if available, or if there is no way
};

struct HostFacts {
    std::string kernel;  // "6.18.44"
    bool root = false;
    std::vector<Facility> facilities;  // one of each kind, in the enum's order

    // Whether the jailer can run here as this user.
    [[nodiscard]] bool usable() const;
    [[nodiscard]] Facility const& of(FacilityKind kind) const;
};

[[nodiscard]] HostFacts find_host_facts();

}  // namespace meridian::sandbox
