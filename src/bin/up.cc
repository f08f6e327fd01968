#include "bin/up.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace meridian::bin {
namespace fs = std::filesystem;
namespace {

// Where root's data and bundles are mounted for meridiand, so that no parent directory has to be
// open to it.
constexpr char const* kMountedData = "/run/meridian/data";
constexpr char const* kMountedRuntimes = "/run/meridian/runtimes";
constexpr char const* kServiceUser = "meridian";
constexpr unsigned kNobody = 65'534;

struct Owner {
    uid_t uid = kNobody;
    gid_t gid = kNobody;
};

Owner service_user() {
    if (auto const* const entry = ::getpwnam(kServiceUser)) return {entry->pw_uid, entry->pw_gid};
    return {};
}

Result<void> failed(std::string_view what, fs::path const& path) {
    return fail(Errc::kIo, fmt::format("{} {}: {}", what, path.string(), std::strerror(errno)));
}

// Who meridiand is: whoever owns the data already, else the service user, who is given a directory
// that is new or empty.
Result<Owner> owner_of(fs::path const& data) {
    struct stat found{};
    if (::stat(data.c_str(), &found) != 0)
        return std::unexpected(failed("cannot look at", data).error());
    if (found.st_uid != 0) return Owner{found.st_uid, found.st_gid};
    if (!fs::is_empty(data)) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{0} belongs to root and is not empty. meridiand runs as an "
                                "ordinary user: give it an empty "
                                "directory, or `chown -R {1} {0}` first.",
                                data.string(), kServiceUser));
    }
    auto const owner = service_user();
    if (::chown(data.c_str(), owner.uid, owner.gid) != 0)
        return std::unexpected(failed("cannot give away", data).error());
    return owner;
}

}  // namespace

fs::path default_runtimes_directory() {
    if (auto const* const given = std::getenv("MERIDIAN_RUNTIMES")) return given;
    if (::geteuid() == 0) return "/var/cache/meridian/runtimes";
    if (auto const* const cache = std::getenv("XDG_CACHE_HOME"))
        return fs::path(cache) / "meridian/runtimes";
    auto const* const home = std::getenv("HOME");
    return fs::path(home != nullptr ? home : "/tmp") / ".cache/meridian/runtimes";
}

fs::path sibling_program(char const* name) {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path() / name;
}

Result<void> up(UpOptions const& options) {
    std::error_code error;
    auto const data = fs::absolute(options.data).lexically_normal();
    fs::create_directories(data, error);
    if (error)
        return fail(Errc::kIo, fmt::format("cannot make {}: {}", data.string(), error.message()));
    auto const runtimes = fs::absolute(options.runtimes).lexically_normal();
    bool const root = ::geteuid() == 0;

    std::vector<std::string> words{sibling_program("meridian-jailer").string()};
    auto const add = [&](std::initializer_list<std::string> more) {
        words.insert(words.end(), more);
    };
    auto seen_data = data.string();
    auto seen_runtimes = runtimes.string();
    if (root) {
        MERIDIAN_TRY(auto const owner, owner_of(data));
        fs::create_directories(kMountedData, error);
        if (!error) fs::create_directories(kMountedRuntimes, error);
        if (!error) fs::create_directories(runtimes, error);
        if (error)
            return fail(Errc::kIo,
                        fmt::format("cannot make {}: {}", kMountedData, error.message()));
        add({"--user", fmt::format("{}:{}", owner.uid, owner.gid)});
        add({"--bind", fmt::format("{}={}", data.string(), kMountedData)});
        add({"--bind", fmt::format("{}={}", runtimes.string(), kMountedRuntimes)});
        seen_data = kMountedData;
        seen_runtimes = kMountedRuntimes;
    }
    add({"--", sibling_program("meridiand").string(), "--data", seen_data, "--shown-data",
         data.string(), "--runtimes", seen_runtimes});
    words.insert(words.end(), options.passed_on.begin(), options.passed_on.end());

    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    return failed("cannot run", words[0]);
}

}  // namespace meridian::bin
