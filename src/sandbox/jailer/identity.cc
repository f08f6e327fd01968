#include "sandbox/jailer/identity.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <tuple>

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/wait.h>

#include "sandbox/jailer/root_file_system.h"
#include "sandbox/jailer/system_call.h"

namespace meridian::sandbox::jailer {

namespace {

constexpr uid_t kNobody = 65534;

std::optional<std::uint32_t> to_number(std::string_view text) {
    std::uint32_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Reads /etc/passwd itself: a static program must not load NSS modules, and a privileged one should
// not.
template <typename Matches>
std::optional<std::pair<std::string, User>> find_in_passwd(Matches matches) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen("/etc/passwd", "re"),
                                                               std::fclose);
    if (!file) return std::nullopt;
    while (passwd const* entry = ::fgetpwent(file.get())) {
        if (matches(*entry)) return {{entry->pw_name, {entry->pw_uid, entry->pw_gid}}};
    }
    return std::nullopt;
}

std::string map_line(std::uint32_t inside, std::uint32_t outside, std::uint32_t count) {
    return std::to_string(inside) + " " + std::to_string(outside) + " " + std::to_string(count) +
           "\n";
}

// Runs one of shadow's setuid helpers, which write the map of `process` after checking /etc/sub?id.
bool run_map_helper(char const* program, pid_t process, std::uint32_t own,
                    SubordinateIds const& ids) {
    std::array<std::string, 8> const words{program,
                                           std::to_string(process),
                                           std::to_string(own),
                                           std::to_string(own),
                                           "1",
                                           std::to_string(kFirstRootId),
                                           std::to_string(ids.first),
                                           std::to_string(ids.count)};
    pid_t const child = ::fork();
    if (child == 0) {
        std::array<char*, 9> argv{};
        for (std::size_t i = 0; i < words.size(); ++i)
            argv[i] = const_cast<char*>(words[i].c_str());
        ::execvp(program, argv.data());
        ::_exit(127);
    }
    int status = -1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

// In a child that has stayed outside: maps subordinate ids into `parent`'s new user namespace.
[[noreturn]] void map_from_outside(pid_t parent, int go, uid_t uid, gid_t gid,
                                   SubordinateIds const& uids, SubordinateIds const& gids) {
    char byte = 0;
    if (::read(go, &byte, 1) != 1) ::_exit(1);
    bool const mapped = run_map_helper("newgidmap", parent, gid, gids) &&
                        run_map_helper("newuidmap", parent, uid, uids);
    ::_exit(mapped ? 0 : 1);
}

}  // namespace

SubordinateIds find_subordinate_ids(std::string_view file, std::string_view name, uid_t uid) {
    auto const number = std::to_string(uid);
    while (!file.empty()) {
        auto line = file.substr(0, file.find('\n'));
        file.remove_prefix(std::min(file.size(), line.size() + 1));
        auto const first_colon = line.find(':');
        auto const second_colon = line.find(':', first_colon + 1);
        if (first_colon == std::string_view::npos || second_colon == std::string_view::npos)
            continue;
        auto const owner = line.substr(0, first_colon);
        if (owner.empty() || (owner != name && owner != number)) continue;
        auto const first = to_number(line.substr(first_colon + 1, second_colon - first_colon - 1));
        auto const count = to_number(line.substr(second_colon + 1));
        if (first && count && *count > 0) return {.first = *first, .count = *count};
    }
    return {};
}

Result<IdRange> enter_user_namespace() {
    uid_t const uid = ::geteuid();
    gid_t const gid = ::getegid();
    auto const entry = find_in_passwd([uid](passwd const& p) { return p.pw_uid == uid; });
    auto const name = entry ? entry->first : std::string();
    auto const uids = find_subordinate_ids(read_file("/etc/subuid").value_or(""), name, uid);
    auto const gids = find_subordinate_ids(read_file("/etc/subgid").value_or(""), name, uid);
    auto const count = std::min(uids.count, gids.count);

    std::array<int, 2> go{};
    if (::pipe2(go.data(), O_CLOEXEC) != 0) return system_error("pipe");
    io::UniqueFd const go_read(go[0]);
    io::UniqueFd go_write(go[1]);
    pid_t const self = ::getpid();
    pid_t helper = -1;
    if (count >= 2) {
        helper = ::fork();
        if (helper == 0) {
            go_write.reset();
            map_from_outside(self, go_read.get(), uid, gid, {uids.first, count},
                             {gids.first, count});
        }
    }
    if (::unshare(CLONE_NEWUSER) != 0) {
        go_write.reset();
        return system_error("user namespaces are not available to this user (unshare)");
    }
    if (helper > 0) {
        std::ignore = ::write(go_write.get(), "1", 1);
        int status = -1;
        if (::waitpid(helper, &status, 0) == helper && status == 0) {
            return IdRange{
                .first = kFirstRootId, .count = count, .fallback_uid = uid, .fallback_gid = gid};
        }
    }
    // No subordinate ids: this user's own is all there is. The kernel asks for setgroups to be
    // given up.
    MERIDIAN_CHECK(write_file(AT_FDCWD, "/proc/self/setgroups", "deny"));
    MERIDIAN_CHECK(write_file(AT_FDCWD, "/proc/self/uid_map", map_line(uid, uid, 1)));
    MERIDIAN_CHECK(write_file(AT_FDCWD, "/proc/self/gid_map", map_line(gid, gid, 1)));
    return IdRange{.first = 0, .count = 0, .fallback_uid = uid, .fallback_gid = gid};
}

Result<void> map_ids(pid_t process, IdRange const& ids, std::uint32_t slot) {
    std::string const proc = "/proc/" + std::to_string(process);
    std::string uids;
    std::string gids;
    if (ids.has_slot(slot)) {
        std::uint32_t const init = ids.first + 2 * slot;
        uids = map_line(0, init, 1) + map_line(kFunctionUid, init + 1, 1);
        gids = map_line(0, init, 1) + map_line(kFunctionGid, init + 1, 1);
    } else {
        uids = map_line(kFunctionUid, ids.fallback_uid, 1);
        gids = map_line(kFunctionGid, ids.fallback_gid, 1);
    }
    MERIDIAN_CHECK(write_file(AT_FDCWD, proc + "/uid_map", uids));
    return write_file(AT_FDCWD, proc + "/gid_map", gids);
}

Result<User> find_user(std::string_view name) {
    if (auto const colon = name.find(':'); colon != std::string_view::npos) {
        auto const uid = to_number(name.substr(0, colon));
        auto const gid = to_number(name.substr(colon + 1));
        if (!uid || !gid || *uid == 0) {
            return fail(Errc::kInvalidParameterValue, "--user: not an ordinary UID:GID");
        }
        return User{*uid, *gid};
    }
    auto const wanted = name.empty() ? std::string("meridian") : std::string(name);
    auto const entry = find_in_passwd([&](passwd const& p) { return wanted == p.pw_name; });
    if (entry && entry->second.uid != 0) return entry->second;
    if (name.empty()) return User{kNobody, kNobody};
    return fail(Errc::kInvalidParameterValue,
                "--user: no ordinary user of this name in /etc/passwd");
}

}  // namespace meridian::sandbox::jailer
