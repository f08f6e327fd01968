#pragma once
// The file systems behind each sandbox's /tmp: a sparse file that has no name, on a loop device
// that frees itself, with an ext4 of the configured size. Filling it is ENOSPC inside, not an OOM
// kill. Nothing is left behind however the jailer ends: the last reference to the mount frees
// device and file.
//
// Formatting is copying: mke2fs runs once per size; afterwards a disk is the few blocks that it
// wrote.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::sandbox::jailer {

struct TmpDisk {
    std::uint64_t bytes = 0;  // what a function can write, at least
    io::UniqueFd mount;       // detached, nosuid, nodev; for move_mount()
    io::UniqueFd root;        // its root directory, opened; keeps the file system alive

    // Drops what has not been written back: without this, the last reference's end would first
    // write all of a dead function's data to the disk.
    void discard();
};

class TmpDisks {
  public:
    // `directory`: where the nameless files live; on a disk, not a tmpfs.
    explicit TmpDisks(std::string directory) : directory_(std::move(directory)) {}

    // An empty file system whose root has mode 1777. About 4 ms.
    [[nodiscard]] Result<TmpDisk> make(std::uint64_t bytes);

  private:
    struct Extent {
        std::uint64_t offset;
        std::vector<char> data;
    };
    using Template = std::vector<Extent>;

    [[nodiscard]] Result<io::UniqueFd> make_file(std::uint64_t bytes) const;
    [[nodiscard]] Result<Template const*> format(std::uint64_t image_bytes);

    std::string directory_;
    std::map<std::uint64_t, Template>
        templates_;  // by image size; a handful: functions' /tmp sizes
};

}  // namespace meridian::sandbox::jailer
