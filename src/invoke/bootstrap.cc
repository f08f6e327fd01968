#include "invoke/bootstrap.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/unique_fd.h"

namespace meridian::invoke {

namespace {

bool is_executable(int directory, char const* path) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH;
    // glibc has no wrapper.
    io::UniqueFd const file(
        static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how)));
    struct stat found{};
    return file.valid() && ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) &&
           (found.st_mode & 0111) != 0;
}

}  // namespace

std::string find_bootstrap(std::vector<std::string> const& paths,
                           std::span<sandbox::Mount const> mounts) {
    for (auto const& path : paths) {
        for (auto const& mount : mounts) {
            auto const root = mount.target + "/";
            if (path.starts_with(root) &&
                is_executable(mount.directory.get(), path.c_str() + root.size()))
                return path;
        }
    }
    return {};
}

}  // namespace meridian::invoke
