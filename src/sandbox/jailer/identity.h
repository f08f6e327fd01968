#pragma once
// Who runs as whom: the jailer's own user namespace when it is not root, the host ids of each
// sandbox, and the ordinary user that meridiand runs as.

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace meridian::sandbox::jailer {

// The ids, as the jailer's user namespace numbers them, that sandboxes may use: two per slot, one
// for its init and one for its function, never shared between slots that live. count == 0: there
// are none to hand out, and every sandbox runs as the one user `fallback`.
struct IdRange {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t fallback_uid = 0;
    std::uint32_t fallback_gid = 0;

    [[nodiscard]] bool has_slot(std::uint32_t slot) const { return 2UL * slot + 1 < count; }
};

// Root's own range: above what useradd, subordinate ids and systemd's containers use.
inline constexpr std::uint32_t kFirstRootId = 0x7000'0000;

// Makes the calling process, an ordinary user's, the master of a new user namespace, in which it
// keeps its own number. Uses the user's subordinate ids where newuidmap and /etc/subuid give some.
[[nodiscard]] Result<IdRange> enter_user_namespace();

// Lets `process` (in a new user namespace) be uid 0 and kFunctionUid by the slot's ids.
[[nodiscard]] Result<void> map_ids(pid_t process, IdRange const& ids, std::uint32_t slot);

struct User {
    uid_t uid;
    gid_t gid;
};
// "NAME" from /etc/passwd, or "UID:GID". The empty string: `meridian` if there is one, else 65534.
[[nodiscard]] Result<User> find_user(std::string_view name);

// The lines of /etc/subuid and /etc/subgid that belong to a user. Pure. {0, 0}: none.
struct SubordinateIds {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};
[[nodiscard]] SubordinateIds find_subordinate_ids(std::string_view file, std::string_view name,
                                                  uid_t uid);

}  // namespace meridian::sandbox::jailer
