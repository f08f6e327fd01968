#include "sandbox/jailer/cgroup_hierarchies.h"

#include <algorithm>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

std::vector<std::string_view> split_words(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        auto const end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::vector<CgroupHierarchy> find_cgroup_hierarchies(std::string_view mountinfo,
                                                     std::string_view cgroup) {
    std::vector<CgroupHierarchy> found;
    for (auto const line : split_words(mountinfo, '\n')) {
        // "31 23 0:29 ROOT MOUNT_POINT OPTIONS OPTIONAL... - TYPE SOURCE SUPER_OPTIONS"
        auto const dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        auto const front = split_words(line.substr(0, dash), ' ');
        auto const back = split_words(line.substr(dash + 3), ' ');
        if (front.size() < 6 || back.size() < 3) continue;
        bool const version2 = back[0] == "cgroup2";
        if (!version2 && back[0] != "cgroup") continue;

        CgroupHierarchy hierarchy;
        hierarchy.version2 = version2;
        hierarchy.mount_point = front[4];
        if (!version2) {
            for (auto const option : split_words(back[2], ',')) {
                if (option != "rw" && option != "ro") hierarchy.controllers.emplace_back(option);
            }
        }
        for (auto const entry : split_words(cgroup, '\n')) {
            // "4:memory:/path", or "0::/path" for v2
            auto const fields = split_words(entry, ':');
            if (fields.size() < 3) continue;
            auto const names = split_words(fields[1], ',');
            bool const matches =
                version2 ? fields[0] == "0"
                         : !hierarchy.controllers.empty() &&
                               std::ranges::find(names, hierarchy.controllers[0]) != names.end();
            if (!matches) continue;
            std::string_view path = entry.substr(fields[0].size() + fields[1].size() + 2);
            // What the mount shows starts at its root; a container's may start below the
            // hierarchy's.
            if (front[3] != "/" && path.starts_with(front[3])) path.remove_prefix(front[3].size());
            hierarchy.own_path = hierarchy.mount_point;
            if (path.size() > 1 && !path.starts_with("/..")) hierarchy.own_path += path;
        }
        if (!hierarchy.own_path.empty()) found.push_back(std::move(hierarchy));
    }
    return found;
}

std::vector<std::string> read_controllers(std::string const& path) {
    std::vector<std::string> names;
    auto const text = read_file(path);
    for (auto const name : split_words(text.value_or(""), ' ')) {
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

}  // namespace meridian::sandbox::jailer
