#include "sandbox/jailer/tmp_disk.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr std::size_t kTemplatesMax = 16;
constexpr int kLoopAttempts = 16;

// What ext4 needs on top of what the function may write: its tables (256-byte inodes for every 32
// KiB, bitmaps, group descriptors, superblock copies) and the 2 %, at most 16 MiB, that it keeps
// back for its own delayed allocations. attack_test.cc checks that the whole size can be written.
std::uint64_t image_size(std::uint64_t bytes) {
    constexpr std::uint64_t kMegabyte = 1024 * 1024;
    std::uint64_t const size =
        bytes + bytes / 100 + 4 * kMegabyte + std::min(bytes / 50, 16 * kMegabyte);
    return (size + kMegabyte - 1) / kMegabyte * kMegabyte;
}

Result<void> run_mke2fs(int file) {
    std::string const path = "/proc/self/fd/" + std::to_string(file);
    pid_t const child = ::fork();
    if (child < 0) return system_error("fork");
    if (child == 0) {
        ::fcntl(file, F_SETFD, 0);
        // No journal: it protects against a crash that this file does not survive anyway.
        // Uninitialised inode tables are fine for the same reason: the sparse file reads as zeros.
        std::array<char const*, 17> const argv{
            "mke2fs",
            "-q",
            "-F",
            "-t",
            "ext4",
            "-b",
            "4096",
            "-m",
            "0",
            "-i",
            "32768",
            "-O",
            "^has_journal,^resize_inode,^metadata_csum,uninit_bg",
            "-E",
            "lazy_itable_init=1,nodiscard,root_owner=0:0",
            path.c_str(),
            nullptr};
        // Without the environment of whoever started the jailer: it could name another
        // configuration.
        std::array<char*, 1> const environment{};
        for (char const* program : {"/sbin/mke2fs", "/usr/sbin/mke2fs"}) {
            ::execve(program, const_cast<char* const*>(argv.data()), environment.data());
        }
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return system_error("waitpid");
    if (status != 0) return fail(Errc::kIo, "mke2fs failed (is e2fsprogs installed?)");
    return {};
}

Result<io::UniqueFd> attach_loop(int file) {
    io::UniqueFd const control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control.valid()) return system_error("open /dev/loop-control");
    for (int attempt = 0; attempt < kLoopAttempts; ++attempt) {
        int const number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return system_error("LOOP_CTL_GET_FREE");
        std::string const path = "/dev/loop" + std::to_string(number);
        io::UniqueFd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        if (!device.valid()) return system_error("open " + path);
        loop_config config{};
        config.fd = static_cast<__u32>(file);
        config.block_size = 4096;
        // Autoclear: the device frees itself with its last user, even after SIGKILL of the jailer.
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return device;
        if (errno != EBUSY) return system_error("LOOP_CONFIGURE " + path);
        // Another process took this device between the two calls: ask for the next one.
    }
    return fail(Errc::kIo, "no loop device could be had");
}

Result<io::UniqueFd> mount_ext4(int device) {
    std::string const path = "/proc/self/fd/" + std::to_string(device);
    std::array<char, 64> name{};
    if (::readlink(path.c_str(), name.data(), name.size() - 1) < 0) return system_error("readlink");
    io::UniqueFd const context(::fsopen("ext4", FSOPEN_CLOEXEC));
    if (!context.valid()) return system_error("fsopen ext4");
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", name.data(), 0) != 0 ||
        ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "noinit_itable", nullptr, 0) != 0 ||
        // Barriers would reach through the loop device as fsync() of the file, so as waits for the
        // real disk at every mount and unmount. Nothing here has to survive anything.
        ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "nobarrier", nullptr, 0) != 0 ||
        ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        return system_error("mount ext4 on " + std::string(name.data()));
    }
    io::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                                 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME));
    if (!mount.valid()) return system_error("fsmount ext4");
    return mount;
}

}  // namespace

void TmpDisk::discard() {
    // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, which <linux/ext4.h> does not export
    // everywhere.
    constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
    std::uint32_t const no_flush = 2;
    if (root.valid()) ::ioctl(root.get(), kShutdown, &no_flush);
    root.reset();
    mount.reset();
}

Result<io::UniqueFd> TmpDisks::make_file(std::uint64_t bytes) const {
    io::UniqueFd file(::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.valid()) return system_error("a nameless file in " + directory_);
    if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return system_error("ftruncate");
    return file;
}

Result<TmpDisks::Template const*> TmpDisks::format(std::uint64_t image_bytes) {
    if (auto const known = templates_.find(image_bytes); known != templates_.end()) {
        return &known->second;
    }
    MERIDIAN_TRY(auto file, make_file(image_bytes));
    MERIDIAN_CHECK(run_mke2fs(file.get()));
    Template made;
    for (off_t at = 0;;) {
        off_t const from = ::lseek(file.get(), at, SEEK_DATA);
        if (from < 0) break;  // ENXIO: no data after `at`
        at = ::lseek(file.get(), from, SEEK_HOLE);
        if (at < 0) return system_error("lseek");
        Extent extent{static_cast<std::uint64_t>(from),
                      std::vector<char>(static_cast<std::size_t>(at - from))};
        if (::pread(file.get(), extent.data.data(), extent.data.size(), from) != at - from) {
            return system_error("pread");
        }
        made.push_back(std::move(extent));
    }
    if (templates_.size() >= kTemplatesMax) templates_.erase(templates_.begin());
    return &templates_.emplace(image_bytes, std::move(made)).first->second;
}

Result<TmpDisk> TmpDisks::make(std::uint64_t bytes) {
    std::uint64_t const image_bytes = image_size(bytes);
    MERIDIAN_TRY(auto const* blocks, format(image_bytes));
    MERIDIAN_TRY(auto file, make_file(image_bytes));
    for (auto const& extent : *blocks) {
        if (::pwrite(file.get(), extent.data.data(), extent.data.size(),
                     static_cast<off_t>(extent.offset)) !=
            static_cast<ssize_t>(extent.data.size())) {
            return system_error("pwrite");
        }
    }
    MERIDIAN_TRY(auto device, attach_loop(file.get()));
    TmpDisk disk;
    disk.bytes = bytes;
    MERIDIAN_TRY(disk.mount, mount_ext4(device.get()));
    disk.root.reset(::openat(disk.mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!disk.root.valid()) return system_error("open /tmp's root");
    ::unlinkat(disk.root.get(), "lost+found", AT_REMOVEDIR);
    if (::fchmod(disk.root.get(), 01777) != 0) return system_error("fchmod /tmp");
    return disk;
}

}  // namespace meridian::sandbox::jailer
