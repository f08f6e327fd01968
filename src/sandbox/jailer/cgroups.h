#pragma once
// Control groups as the host has them: each controller on a v2 or a v1 hierarchy, or missing. A
// jailer makes one group per hierarchy, locked while it lives so that the next one can tell what
// was left behind, and below it one group per sandbox.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "io/unique_fd.h"
#include "sandbox/jailer/cgroup_hierarchies.h"
#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox::jailer {

// What a group is there for.
struct CgroupControls {
    bool memory = false;
    bool cpu = false;
    bool pids = false;
    bool freezer = false;

    [[nodiscard]] bool limits() const { return memory || cpu || pids; }
    bool operator==(CgroupControls const&) const = default;
};

// One sandbox's groups. The directories are removed by remove(), after its processes are gone.
class CgroupSet {
  public:
    // Writes a limit of 0 for "not limited".
    [[nodiscard]] Result<void> set_limits(protocol::Limits const& limits) const;
    // Moves `process` into every group that clone3(CLONE_INTO_CGROUP) has not put it into.
    [[nodiscard]] Result<void> attach(pid_t process) const;

    // The v2 group for CLONE_INTO_CGROUP, if the host has v2.
    [[nodiscard]] std::optional<int> version2_directory() const;
    // Opened for meridiand; invalid where the host has none.
    [[nodiscard]] io::UniqueFd open_freezer() const;
    [[nodiscard]] io::UniqueFd open_memory_peak() const;
    [[nodiscard]] io::UniqueFd open_memory_events() const;
    [[nodiscard]] io::UniqueFd open_cpu_quota() const;

    // A v1-frozen process does not die of SIGKILL until it is thawed. Harmless otherwise.
    void thaw() const;
    // False while a dying process still holds a group: try again later.
    [[nodiscard]] bool remove();

  private:
    friend class Cgroups;
    struct Group {
        bool version2 = false;
        CgroupControls controls;
        std::string path;
        io::UniqueFd directory;
    };
    // The group that `chosen` is true for, if there is one.
    [[nodiscard]] Group const* find(bool CgroupControls::* chosen) const;
    // Its file, under the name that the group's version has for it.
    [[nodiscard]] io::UniqueFd open_file(bool CgroupControls::* chosen, char const* version2,
                                         char const* version1, int mode) const;
    std::vector<Group> groups_;
};

class Cgroups {
  public:
    // Reaps what dead jailers have left, then makes this one's groups. Never fails: a controller
    // that cannot be used is a weakness.
    static Cgroups open(std::vector<CgroupHierarchy> hierarchies, bool privileged);
    ~Cgroups();
    Cgroups(Cgroups&&) noexcept = default;
    Cgroups& operator=(Cgroups&&) = delete;

    [[nodiscard]] Result<CgroupSet> make(std::uint32_t slot) const;

    // What all hierarchies together can do.
    [[nodiscard]] CgroupControls controls() const;
    [[nodiscard]] protocol::FreezerKind freezer() const;

  private:
    struct Base {
        bool version2 = false;
        CgroupControls controls;
        std::string path;          // this jailer's group
        io::UniqueFd directory;    // locked
        std::string left_group;    // where this process came from, if it had to move; else empty
        std::string newly_passed;  // what that group has not passed down before
    };
    Cgroups() = default;
    static std::optional<Base> make_base(CgroupHierarchy const& hierarchy,
                                         std::string const& parent, CgroupControls wanted);
    static void drop_base(Base const& base);
    std::vector<Base> bases_;
};

}  // namespace meridian::sandbox::jailer
