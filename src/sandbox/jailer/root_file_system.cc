#include "sandbox/jailer/root_file_system.h"

#include <array>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

// Any directory that every Linux has: the new root is mounted over it in this mount namespace only.
constexpr char const* kAnchor = "/tmp";

// For /etc, links and mount points; read-only once they stand.
constexpr std::uint64_t kRootBytes = 2UL << 20;
// Counts as memory, as everything in it is: half of the smallest function's.
constexpr std::uint64_t kSharedMemoryBytes = 64UL << 20;

struct File {
    char const* path;
    char const* content;
};
constexpr std::array kEtc{
    File{"passwd",
         "root:x:0:0:root:/root:/sbin/nologin\n"
         "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
         "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"},
    File{"group", "root:x:0:\nsbx_user1051:x:990:\nnogroup:x:65534:\n"},
    File{"hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
    File{"hostname", "sandbox\n"},
    // Nothing answers here until a function may reach the network; lookups fail at once, not after
    // 5 s.
    File{"resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"},
    File{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
};

constexpr std::array kDirectories{"/dev", "/dev/shm", "/etc", "/proc",
                                  "/tmp", "/opt",     "/var", "/var/task"};
constexpr std::array kDevices{"null", "zero", "full", "random", "urandom"};
constexpr std::array kDeviceLinks{
    File{"dev/fd", "/proc/self/fd"}, File{"dev/stdin", "/proc/self/fd/0"},
    File{"dev/stdout", "/proc/self/fd/1"}, File{"dev/stderr", "/proc/self/fd/2"}};

// What of /proc tells about the machine or acts on it. A name that the kernel lacks is skipped.
constexpr std::array kMaskedFiles{"proc/kcore",       "proc/kmsg",          "proc/kallsyms",
                                  "proc/keys",        "proc/key-users",     "proc/timer_list",
                                  "proc/sched_debug", "proc/latency_stats", "proc/sysrq-trigger",
                                  "proc/kpagecount",  "proc/kpageflags",    "proc/kpagecgroup",
                                  "proc/slabinfo",    "proc/vmallocinfo",   "proc/iomem",
                                  "proc/ioports",     "proc/modules",       "proc/config.gz"};
constexpr std::array kReadOnlyDirectories{"proc/sys", "proc/bus",  "proc/fs",   "proc/irq",
                                          "proc/tty", "proc/acpi", "proc/scsi", "proc/pressure"};

Result<void> set_attributes(int tree, unsigned long attributes) {
    mount_attr attr{};
    attr.attr_set = attributes;
    if (::mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) {
        return system_error("mount_setattr");
    }
    return {};
}

// A new file system, mounted nowhere yet. `options`: pairs of name and value.
Result<io::UniqueFd> make_file_system(char const* type, std::span<std::string const> options,
                                      unsigned attributes) {
    io::UniqueFd const context(::fsopen(type, FSOPEN_CLOEXEC));
    if (!context.valid()) return system_error(std::string("fsopen ") + type);
    for (std::size_t i = 0; i + 1 < options.size(); i += 2) {
        if (::fsconfig(context.get(), FSCONFIG_SET_STRING, options[i].c_str(),
                       options[i + 1].c_str(), 0) != 0) {
            return system_error(std::string(type) + " option " + options[i]);
        }
    }
    if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        return system_error(std::string("create ") + type);
    }
    io::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
    if (!mount.valid()) return system_error(std::string("fsmount ") + type);
    return mount;
}

Result<io::UniqueFd> make_tmpfs(std::uint64_t bytes, char const* mode, char const* inodes) {
    return make_file_system("tmpfs",
                            std::array<std::string, 6>{"size", std::to_string(bytes), "mode", mode,
                                                       "nr_inodes", inodes},
                            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

Result<void> attach(int tree, std::string const& target) {
    if (::move_mount(tree, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        return system_error("mount on " + target);
    }
    return {};
}

Result<void> attach_at(int tree, int target, std::string_view name) {
    if (::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) !=
        0) {
        return system_error("mount on " + std::string(name));
    }
    return {};
}

Result<void> make_file(std::string const& path, std::string_view content) {
    io::UniqueFd const file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.valid()) return system_error("create " + path);
    if (::write(file.get(), content.data(), content.size()) !=
        static_cast<ssize_t>(content.size())) {
        return system_error("write " + path);
    }
    return {};
}

// The directory that holds the last component of `path` (plain and absolute), seen from `root`;
// what is missing is made. No symbolic link is followed: mounted trees hold other people's.
Result<io::UniqueFd> open_parent(int root, std::string_view path) {
    io::UniqueFd directory(::fcntl(root, F_DUPFD_CLOEXEC, 0));
    for (path.remove_prefix(1); path.contains('/'); path.remove_prefix(path.find('/') + 1)) {
        std::string const name(path.substr(0, path.find('/')));
        ::mkdirat(directory.get(), name.c_str(), 0755);  // fails where it exists or is read-only
        io::UniqueFd next(
            ::openat(directory.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) return system_error("the directory " + name + " of a mount or link");
        directory = std::move(next);
    }
    return directory;
}

std::string last_component(std::string_view path) {
    return std::string(path.substr(path.rfind('/') + 1));
}

// What a spec may not cover or reach into: these are ours.
bool is_reserved(std::string_view path) {
    for (std::string_view const ours : {"/proc", "/dev", "/tmp"}) {
        if (path == ours || (path.starts_with(ours) && path[ours.size()] == '/')) return true;
    }
    return path == "/etc" || path == "/var";
}

Result<void> add_link(int root, std::string_view path, std::string_view target) {
    if (!protocol::is_plain_absolute_path(path) || is_reserved(path) || target.empty()) {
        return fail(Errc::kInvalidParameterValue,
                    "a link that a sandbox cannot have: " + std::string(path));
    }
    MERIDIAN_TRY(auto parent, open_parent(root, path));
    if (::symlinkat(std::string(target).c_str(), parent.get(), last_component(path).c_str()) != 0) {
        return system_error("link " + std::string(path));
    }
    return {};
}

Result<void> add_mount(int root, std::string_view path, int tree) {
    if (!protocol::is_plain_absolute_path(path) || is_reserved(path)) {
        return fail(Errc::kInvalidParameterValue,
                    "a mount that a sandbox cannot have: " + std::string(path));
    }
    struct stat info{};
    if (::fstat(tree, &info) != 0) return system_error("fstat of a mount");
    MERIDIAN_TRY(auto parent, open_parent(root, path));
    auto const name = last_component(path);
    if (S_ISDIR(info.st_mode)) {
        ::mkdirat(parent.get(), name.c_str(), 0755);
    } else if (S_ISREG(info.st_mode)) {
        io::UniqueFd const file(::openat(parent.get(), name.c_str(),
                                         O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
    } else {
        return fail(Errc::kInvalidParameterValue, "a mount is neither directory nor file");
    }
    io::UniqueFd const target(
        ::openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!target.valid()) return system_error("the mount point " + std::string(path));
    return attach_at(tree, target.get(), path);
}

// Device nodes cannot be made in a user namespace: the host's are bound.
Result<void> add_devices() {
    for (char const* const name : kDevices) {
        std::string const path = std::string("dev/") + name;
        MERIDIAN_CHECK(make_file(path, ""));
        if (::mount(("/" + path).c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
            return system_error("bind /" + path);
        }
    }
    for (auto const& link : kDeviceLinks) {
        if (::symlink(link.content, link.path) != 0) return system_error(link.path);
    }
    return {};
}

Result<void> add_proc() {
    constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    // Hides the init from the function.
    auto proc =
        make_file_system("proc", std::array<std::string, 2>{"hidepid", "invisible"}, kAttributes);
    if (!proc) return std::unexpected(proc.error());
    MERIDIAN_CHECK(attach(proc->get(), "proc"));
    for (char const* const path : kMaskedFiles) {
        if (::mount("/dev/null", path, nullptr, MS_BIND, nullptr) != 0 && errno != ENOENT) {
            return system_error(std::string("mask ") + path);
        }
    }
    for (char const* const path : kReadOnlyDirectories) {
        io::UniqueFd const tree(::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
        if (!tree.valid()) {
            if (errno == ENOENT) continue;
            return system_error(std::string("open_tree ") + path);
        }
        MERIDIAN_CHECK(set_attributes(tree.get(), MOUNT_ATTR_RDONLY | kAttributes));
        MERIDIAN_CHECK(attach(tree.get(), path));
    }
    return {};
}

}  // namespace

Result<void> enter_root() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return system_error("make / private");
    }
    ::umask(0);
    MERIDIAN_TRY(auto tree, make_tmpfs(kRootBytes, "755", "4096"));
    MERIDIAN_CHECK(attach(tree.get(), kAnchor));
    if (::chdir(kAnchor) != 0) return system_error("chdir");
    for (char const* const path : kDirectories) {
        if (::mkdir(path + 1, 0755) != 0) return system_error(std::string("mkdir ") + path);
    }
    for (auto const& file : kEtc) {
        MERIDIAN_CHECK(make_file(std::string("etc/") + file.path, file.content));
    }
    MERIDIAN_CHECK(add_devices());
    MERIDIAN_CHECK(add_proc());
    MERIDIAN_TRY(auto shared_memory, make_tmpfs(kSharedMemoryBytes, "1777", "65536"));
    MERIDIAN_CHECK(attach(shared_memory.get(), "dev/shm"));

    // pivot_root(".", "."): the old root comes to lie on top of the new one and is then taken off,
    // with everything below it. glibc has no wrapper.
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return system_error("pivot_root");
    if (::umount2(".", MNT_DETACH) != 0) return system_error("umount of the old root");
    if (::chdir("/") != 0) return system_error("chdir /");
    return {};
}

Result<void> complete_root(RootSpec const& spec) {
    io::UniqueFd const root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return system_error("open the new root");
    for (std::size_t i = 0; i + 1 < spec.links.size(); i += 2) {
        MERIDIAN_CHECK(add_link(root.get(), spec.links[i], spec.links[i + 1]));
    }
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        MERIDIAN_CHECK(add_mount(root.get(), spec.mount_targets[i], spec.mounts[i].get()));
    }
    if (spec.tmp >= 0) {
        MERIDIAN_CHECK(attach(spec.tmp, "/tmp"));
    } else {
        MERIDIAN_TRY(auto tmp, make_tmpfs(spec.tmp_bytes, "1777", "1048576"));
        MERIDIAN_CHECK(attach(tmp.get(), "/tmp"));
    }
    MERIDIAN_CHECK(
        set_attributes(root.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
    ::umask(022);
    return {};
}

}  // namespace meridian::sandbox::jailer
