#pragma once
// What the jailer's files share: errors that carry errno's text, and the system calls glibc 2.36
// has no wrapper for.

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/result.h"
#include "io/unique_fd.h"

namespace meridian::sandbox::jailer {

// "what: No such file or directory", from errno.
[[nodiscard]] inline std::unexpected<Error> system_error(std::string_view what) {
    int const error = errno;
    return fail(Errc::kIo, std::string(what) + ": " + std::strerror(error));
}

// Like fork(), with namespaces and optionally a v2 cgroup for the child. Safe in a process of one
// thread only: glibc's own fork handlers do not run, and the child keeps glibc's cached thread id
// of the parent.
inline pid_t clone3(clone_args const& args) {
    return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// Writes all of `value` in one write(), as files of /proc and cgroups need.
[[nodiscard]] Result<void> write_file(int directory, std::string const& path,
                                      std::string_view value);
// A small file's content (at most 1 MiB), without its last newline.
[[nodiscard]] Result<std::string> read_file(std::string const& path);

}  // namespace meridian::sandbox::jailer
