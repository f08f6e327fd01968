#include "sandbox/jailer/cgroups.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <tuple>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr std::string_view kGroupPrefix = "meridian-jailer-";  // and the process id

io::UniqueFd open_directory(std::string const& path) {
    return io::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The children of a cgroup: its subdirectories.
std::vector<std::string> child_groups(std::string const& path) {
    std::vector<std::string> names;
    std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return names;
    while (dirent const* entry = ::readdir(directory.get())) {
        std::string name = entry->d_name;
        if (entry->d_type == DT_DIR && name != "." && name != "..")
            names.push_back(std::move(name));
    }
    return names;
}

// Kills what is left in a dead jailer's group and removes it, deepest first. A sandbox's processes
// are killed through its init, which their pid namespace does not survive.
void reap_group(std::string const& path) {
    for (auto const& child : child_groups(path)) reap_group(path + "/" + child);
    if (auto const directory = open_directory(path); directory.valid()) {
        std::ignore = write_file(directory.get(), "freezer.state", "THAWED");
        if (!write_file(directory.get(), "cgroup.kill", "1")) {
            auto const processes = read_file(path + "/cgroup.procs");
            for (auto const line : split_words(processes.value_or(""), '\n')) {
                pid_t process = 0;
                std::from_chars(line.data(), line.data() + line.size(), process);
                if (process > 1 && process != ::getpid()) ::kill(process, SIGKILL);
            }
        }
    }
    // A dying process keeps its group busy for some milliseconds.
    for (int attempt = 0; attempt < 50 && ::rmdir(path.c_str()) != 0 && errno == EBUSY; ++attempt) {
        ::usleep(10'000);
    }
}

void reap_dead_jailers(std::string const& parent) {
    for (auto const& name : child_groups(parent)) {
        auto const suffix =
            std::string_view(name).substr(std::min(name.size(), kGroupPrefix.size()));
        if (!name.starts_with(kGroupPrefix) ||
            suffix.find_first_not_of("0123456789") != std::string_view::npos) {
            continue;
        }
        std::string const path = parent + "/" + name;
        auto const directory = open_directory(path);
        // A living jailer holds its lock.
        if (directory.valid() && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) reap_group(path);
    }
}

bool has(std::vector<std::string> const& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

Result<void> CgroupSet::set_limits(protocol::Limits const& limits) const {
    for (auto const& group : groups_) {
        int const at = group.directory.get();
        if (group.controls.memory && limits.memory_bytes != 0) {
            auto const bytes = std::to_string(limits.memory_bytes);
            if (group.version2) {
                MERIDIAN_CHECK(write_file(at, "memory.max", bytes));
                // Missing where the kernel has no swap.
                std::ignore = write_file(at, "memory.swap.max", "0");
            } else {
                // In this order: memory plus swap may never be below memory.
                MERIDIAN_CHECK(write_file(at, "memory.limit_in_bytes", bytes));
                std::ignore = write_file(at, "memory.memsw.limit_in_bytes", bytes);
            }
        }
        if (group.controls.cpu && limits.cpu_milli != 0) {
            auto const quota = std::to_string(protocol::cpu_quota_us(limits.cpu_milli));
            auto const period = std::to_string(protocol::kCpuPeriodUs);
            if (group.version2) {
                MERIDIAN_CHECK(write_file(at, "cpu.max", quota + " " + period));
            } else {
                MERIDIAN_CHECK(write_file(at, "cpu.cfs_period_us", period));
                MERIDIAN_CHECK(write_file(at, "cpu.cfs_quota_us", quota));
            }
        }
        if (group.controls.pids && limits.processes != 0) {
            // One more for the sandbox's init.
            MERIDIAN_CHECK(write_file(at, "pids.max", std::to_string(limits.processes + 1UL)));
        }
    }
    return {};
}

Result<void> CgroupSet::attach(pid_t process) const {
    auto const id = std::to_string(process);
    for (auto const& group : groups_) {
        if (group.version2) continue;
        MERIDIAN_CHECK(write_file(group.directory.get(), "cgroup.procs", id));
    }
    return {};
}

std::optional<int> CgroupSet::version2_directory() const {
    for (auto const& group : groups_) {
        if (group.version2) return group.directory.get();
    }
    return std::nullopt;
}

CgroupSet::Group const* CgroupSet::find(bool CgroupControls::* chosen) const {
    for (auto const& group : groups_) {
        if (group.controls.*chosen) return &group;
    }
    return nullptr;
}

io::UniqueFd CgroupSet::open_file(bool CgroupControls::* chosen, char const* version2,
                                  char const* version1, int mode) const {
    auto const* const group = find(chosen);
    if (group == nullptr) return io::UniqueFd();
    return io::UniqueFd(
        ::openat(group->directory.get(), group->version2 ? version2 : version1, mode | O_CLOEXEC));
}

io::UniqueFd CgroupSet::open_freezer() const {
    return open_file(&CgroupControls::freezer, "cgroup.freeze", "freezer.state", O_WRONLY);
}

io::UniqueFd CgroupSet::open_memory_peak() const {
    return open_file(&CgroupControls::memory, "memory.peak", "memory.max_usage_in_bytes", O_RDONLY);
}

io::UniqueFd CgroupSet::open_memory_events() const {
    return open_file(&CgroupControls::memory, "memory.events", "memory.oom_control", O_RDONLY);
}

io::UniqueFd CgroupSet::open_cpu_quota() const {
    return open_file(&CgroupControls::cpu, "cpu.max", "cpu.cfs_quota_us", O_WRONLY);
}

void CgroupSet::thaw() const {
    if (auto const* const group = find(&CgroupControls::freezer); group && !group->version2) {
        std::ignore = write_file(group->directory.get(), "freezer.state", "THAWED");
    }
}

bool CgroupSet::remove() {
    std::erase_if(groups_, [](Group const& group) {
        return ::rmdir(group.path.c_str()) == 0 || errno == ENOENT;
    });
    return groups_.empty();
}

namespace {

// Makes and locks a group for this jailer. Another jailer that starts at this moment may take the
// new group for a dead one's and remove it before it is locked: then once more.
io::UniqueFd make_locked_group(std::string const& path) {
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) break;
        auto directory = open_directory(path);
        if (directory.valid() && ::flock(directory.get(), LOCK_EX) == 0 &&
            ::access(path.c_str(), F_OK) == 0) {
            return directory;
        }
    }
    return io::UniqueFd();
}

// The controllers that are `wanted` as words for cgroup.subtree_control, each with `sign` before
// it, as far as `group` has them; with '+', without those that it passes down already.
std::string controller_words(std::string const& group, CgroupControls const& wanted, char sign) {
    auto const have = read_controllers(group + "/cgroup.controllers");
    auto const passed = read_controllers(group + "/cgroup.subtree_control");
    std::string words;
    auto const add = [&](bool want, std::string const& name) {
        if (want && has(have, name) && has(passed, name) == (sign == '-'))
            words += " " + (sign + name);
    };
    add(wanted.memory, "memory");
    add(wanted.cpu, "cpu");
    add(wanted.pids, "pids");
    return words;
}

// Passes what is `wanted` of a v2 group's controllers down to its children; returns what is. In one
// write, which does all or nothing: passing down cpu alone from a group with processes would turn
// it into a threaded one, whose children cannot be used.
CgroupControls pass_down(std::string const& group, CgroupControls wanted) {
    if (auto const words = controller_words(group, wanted, '+'); !words.empty()) {
        std::ignore = write_file(AT_FDCWD, group + "/cgroup.subtree_control", words);
    }
    auto const passed = read_controllers(group + "/cgroup.subtree_control");
    wanted.memory = wanted.memory && has(passed, "memory");
    wanted.cpu = wanted.cpu && has(passed, "cpu");
    wanted.pids = wanted.pids && has(passed, "pids");
    return wanted;
}

}  // namespace

std::optional<Cgroups::Base> Cgroups::make_base(CgroupHierarchy const& hierarchy,
                                                std::string const& parent, CgroupControls wanted) {
    reap_dead_jailers(parent);
    Base base{.version2 = hierarchy.version2,
              .controls = wanted,
              .path = parent + "/" + std::string(kGroupPrefix) + std::to_string(::getpid()),
              .directory = io::UniqueFd(),
              .left_group = {}};
    base.directory = make_locked_group(base.path);
    if (!base.directory.valid()) return std::nullopt;
    if (!hierarchy.version2) return base;

    // A v2 group that passes controllers down may hold no process itself, except the real root,
    // which is the one without a type. So this process first moves into a leaf of its own.
    bool const is_root = ::access((parent + "/cgroup.type").c_str(), F_OK) != 0;
    if (wanted.limits() && !is_root && parent == hierarchy.own_path) {
        std::string const leaf = base.path + "/jailer";
        if (::mkdir(leaf.c_str(), 0755) == 0 &&
            write_file(AT_FDCWD, leaf + "/cgroup.procs", std::to_string(::getpid()))) {
            base.left_group = parent;
        }
    }
    bool const is_empty = read_file(parent + "/cgroup.procs").value_or("?").empty();
    CgroupControls const freezer_only{.freezer = wanted.freezer};
    base.newly_passed = controller_words(parent, wanted, '+');
    base.controls = is_root || is_empty ? pass_down(parent, wanted) : freezer_only;
    base.controls = pass_down(base.path, base.controls);
    base.controls.freezer =
        wanted.freezer && ::access((base.path + "/cgroup.freeze").c_str(), W_OK) == 0;
    return base;
}

void Cgroups::drop_base(Base const& base) {
    if (!base.left_group.empty()) {
        // Back to how it was, from the inside out, or this process could not go back.
        auto const take_back = [](std::string const& group, CgroupControls const& controls) {
            auto const words = controller_words(group, controls, '-');
            if (!words.empty()) {
                std::ignore = write_file(AT_FDCWD, group + "/cgroup.subtree_control", words);
            }
        };
        take_back(base.path, base.controls);
        if (!base.newly_passed.empty()) take_back(base.left_group, base.controls);
        std::ignore =
            write_file(AT_FDCWD, base.left_group + "/cgroup.procs", std::to_string(::getpid()));
        ::rmdir((base.path + "/jailer").c_str());
    }
    ::rmdir(base.path.c_str());
}

Cgroups Cgroups::open(std::vector<CgroupHierarchy> hierarchies, bool privileged) {
    Cgroups cgroups;
    // v2 first: its freezer is the faster one, and what it has, v1 cannot have.
    std::ranges::sort(hierarchies, std::greater{}, &CgroupHierarchy::version2);
    for (auto& hierarchy : hierarchies) {
        if (hierarchy.version2)
            hierarchy.controllers = read_controllers(hierarchy.mount_point + "/cgroup.controllers");
        auto const have = cgroups.controls();
        CgroupControls const wanted{
            .memory = !have.memory && has(hierarchy.controllers, "memory"),
            .cpu = !have.cpu && has(hierarchy.controllers, "cpu"),
            // On v1 it would be one more slow attachment for what RLIMIT_NPROC does as well
            // (launch.cc).
            .pids = hierarchy.version2 && has(hierarchy.controllers, "pids"),
            .freezer =
                !have.freezer && (hierarchy.version2 || has(hierarchy.controllers, "freezer"))};
        if (!wanted.limits() && !wanted.freezer) continue;
        // Below this process's own group if possible, so that limits set around the jailer hold for
        // the sandboxes too; root may else use the top.
        auto base = make_base(hierarchy, hierarchy.own_path, wanted);
        if (privileged && hierarchy.own_path != hierarchy.mount_point &&
            (!base || base->controls != wanted)) {
            if (base) drop_base(*base);
            base = make_base(hierarchy, hierarchy.mount_point, wanted);
        }
        if (base && (base->controls.limits() || base->controls.freezer)) {
            cgroups.bases_.push_back(std::move(*base));
        } else if (base) {
            drop_base(*base);
        }
    }
    return cgroups;
}

Cgroups::~Cgroups() {
    for (auto const& base : bases_) drop_base(base);
}

Result<CgroupSet> Cgroups::make(std::uint32_t slot) const {
    CgroupSet set;
    for (auto const& base : bases_) {
        CgroupSet::Group group{.version2 = base.version2,
                               .controls = base.controls,
                               .path = base.path + "/s" + std::to_string(slot),
                               .directory = io::UniqueFd()};
        if (::mkdir(group.path.c_str(), 0755) != 0 && errno != EEXIST) {
            auto error = system_error("mkdir " + group.path);
            std::ignore = set.remove();
            return error;
        }
        group.directory = open_directory(group.path);
        set.groups_.push_back(std::move(group));
    }
    return set;
}

CgroupControls Cgroups::controls() const {
    CgroupControls all;
    for (auto const& base : bases_) {
        all.memory |= base.controls.memory;
        all.cpu |= base.controls.cpu;
        all.pids |= base.controls.pids;
        all.freezer |= base.controls.freezer;
    }
    return all;
}

protocol::FreezerKind Cgroups::freezer() const {
    for (auto const& base : bases_) {
        if (!base.controls.freezer) continue;
        return base.version2 ? protocol::FreezerKind::kCgroup2 : protocol::FreezerKind::kCgroup1;
    }
    return protocol::FreezerKind::kNone;
}

}  // namespace meridian::sandbox::jailer
