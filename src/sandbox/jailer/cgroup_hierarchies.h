#pragma once
// Which control group hierarchies this host has mounted, v1, v2 or both, and where this process
// stands in them. Shared by the jailer and by host_facts.h.

#include <string>
#include <string_view>
#include <vector>

namespace meridian::sandbox::jailer {

struct CgroupHierarchy {
    bool version2 = false;
    std::vector<std::string> controllers;  // v1: as mounted; v2: empty, see read_controllers()
    std::string mount_point;
    std::string own_path;  // the directory of this process's group, below or equal to mount_point
};

// Pure; the texts are /proc/self/mountinfo and /proc/self/cgroup.
[[nodiscard]] std::vector<CgroupHierarchy> find_cgroup_hierarchies(std::string_view mountinfo,
                                                                   std::string_view cgroup);

// The words of a cgroup.controllers or cgroup.subtree_control; none if there is no such file.
[[nodiscard]] std::vector<std::string> read_controllers(std::string const& path);

[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text, char separator);

}  // namespace meridian::sandbox::jailer
