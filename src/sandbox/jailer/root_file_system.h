#pragma once
// What a function sees as "/": a small read-only tmpfs with a synthetic /etc and /dev, the mounts
// and links of the spec, its own /proc, and the two places where it may write, /tmp and /dev/shm.

#include <span>
#include <string_view>

#include "base/result.h"
#include "io/unique_fd.h"
#include "sandbox/jailer/protocol.h"

namespace meridian::sandbox::jailer {

inline constexpr char const* kHostName = "sandbox";
// Lambda's name for the user that functions run as. The number is recorded in older reports.
inline constexpr unsigned kFunctionUid = 993;
inline constexpr unsigned kFunctionGid = 990;

// Replaces the calling process's root by one without the spec's parts, and leaves nothing of the
// old one reachable. Call in a new mount and pid namespace with CAP_SYS_ADMIN over both. Errors,
// here and below: the step that failed; the process must then exit.
[[nodiscard]] Result<void> enter_root();

struct RootSpec {
    std::span<std::string_view const> mount_targets;  // NUL-terminated
    std::span<io::UniqueFd const> mounts;     // detached trees (or files), read-only, in order
    std::span<std::string_view const> links;  // path, target, path, target, ...
    int tmp = -1;                             // detached mount; -1: a tmpfs of tmp_bytes
    std::uint64_t tmp_bytes = 0;
};
// Adds the spec's parts and makes the root read-only.
[[nodiscard]] Result<void> complete_root(RootSpec const& spec);

}  // namespace meridian::sandbox::jailer
