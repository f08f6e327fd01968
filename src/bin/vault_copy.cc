#include "bin/vault_copy.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "bin/copy_access.h"
#include "io/child_process.h"

namespace meridian::bin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kGitOutputBytesMax = 1024 * 1024;
constexpr char kGit[] = "/usr/bin/git";

// Git's own settings come from the vault alone; how ssh and https authenticate is the operator's,
// here or in the configuration. Nobody is asked anything.
std::vector<std::string> environment(std::vector<std::string> configured) {
    auto out = std::move(configured);
    out.insert(out.end(),
               {"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
                "GIT_CONFIG_VALUE_0=*", "LC_ALL=C.UTF-8"});
    for (auto const* const name :
         {"PATH", "HOME", "SSH_AUTH_SOCK", "GIT_ASKPASS", "GIT_SSL_CAINFO", "https_proxy"}) {
        auto const is_this = [name](std::string const& variable) {
            return variable.starts_with(fmt::format("{}=", name));
        };
        auto const* const value = std::getenv(name);
        if (value != nullptr && std::ranges::none_of(out, is_this))
            out.push_back(fmt::format("{}={}", name, value));
    }
    return out;
}

// A server that accepts and then says nothing is given up; so is a whole transfer that takes too
// long, whatever it goes over.
constexpr char kStallBytes[] = "http.lowSpeedLimit=1";
constexpr char kStallSeconds[] = "http.lowSpeedTime=60";

io::Task<> run_git(vault::BackupCopy const& copy, std::vector<std::string> words,
                   std::chrono::milliseconds time_max) {
    MERIDIAN_CO_CHECK(access_files_readable(copy.access));
    auto const* const ssh_command = std::getenv("GIT_SSH_COMMAND");
    auto const access = git_access(copy, ssh_command == nullptr ? "" : ssh_command);
    std::vector<std::string> arguments = {kGit, "-c", kStallBytes, "-c", kStallSeconds};
    arguments.insert(arguments.end(), access.arguments.begin(), access.arguments.end());
    arguments.insert(arguments.end(), words.begin(), words.end());
    auto const done = co_await io::run_process({.arguments = std::move(arguments),
                                                .environment = environment(access.environment),
                                                .time_max = time_max},
                                               kGitOutputBytesMax);
    if (!done && done.error().code == Errc::kDeadlineExceeded) {
        co_return fail(Errc::kUnavailable,
                       fmt::format("it did not answer in time: given up after {} s",
                                   std::chrono::ceil<std::chrono::seconds>(time_max).count()));
    }
    if (!done) co_return std::unexpected(done.error());
    if (done->ok()) co_return Result<void>{};
    co_return fail(Errc::kUnavailable, explained(done->errors));
}

// A path, as git takes it for one; nothing for a URL or HOST:PATH.
std::optional<fs::path> local_path(std::string const& copy) {
    constexpr std::string_view kFile = "file://";
    if (copy.starts_with(kFile)) return fs::path(copy.substr(kFile.size()));
    if (copy.starts_with('/')) return fs::path(copy);
    return std::nullopt;
}

std::unexpected<Error> cannot(std::string_view doing, fs::path const& path,
                              std::error_code const& error) {
    return fail(Errc::kUnavailable,
                fmt::format("the server cannot {} {}: {}", doing, path.string(), error.message()));
}

// Makes a folder for a copy where nothing is. Whole or not at all: what stands there half would
// refuse every later push.
io::Task<> make_folder(vault::BackupCopy const& copy, fs::path const& folder,
                       std::chrono::milliseconds time_max) {
    std::error_code error;
    bool const there = fs::exists(folder, error);
    if (error) co_return cannot("look for", folder, error);
    if (there) co_return Result<void>{};
    auto made = folder;
    made += ".making";
    fs::remove_all(made, error);  // an earlier one did not end
    if (error) co_return cannot("remove", made, error);
    MERIDIAN_CO_CHECK(co_await run_git(
        copy, {"init", "--quiet", "--bare", "--initial-branch=main", "--", made.string()},
        time_max));
    fs::rename(made, folder, error);
    if (error) co_return cannot("make", folder, error);
    co_return Result<void>{};
}

}  // namespace

io::Task<> push_vault(fs::path vault, vault::BackupCopy copy, std::chrono::milliseconds time_max) {
    auto const& remote = copy.remote;
    if (remote.empty() || remote.starts_with('-'))
        co_return fail(Errc::kInvalidParameterValue, fmt::format("{} is no git remote.", remote));
    if (auto const path = local_path(remote)) {
        MERIDIAN_CO_CHECK(co_await make_folder(copy, *path, time_max));
    }
    co_return co_await run_git(
        copy,
        {"-C", vault.string(), "push", "--quiet", "--porcelain", "--prune", "--", remote,
         "refs/heads/main:refs/heads/main", "+refs/tags/baseline/*:refs/tags/baseline/*",
         "refs/meridian/*:refs/meridian/*"},
        time_max);
}

io::Task<std::shared_ptr<fs::path const>> fetch_copy(vault::BackupCopy copy, fs::path into,
                                                     std::chrono::milliseconds time_max,
                                                     io::BlockingPool& pool) {
    auto const remove = [](fs::path const& path) -> Result<void> {
        std::error_code error;
        fs::remove_all(path, error);
        if (!error) return {};
        return fail(Errc::kIo, fmt::format("cannot remove {}: {}", path.string(), error.message()));
    };
    MERIDIAN_CO_CHECK(co_await io::blocking(pool, [remove, into] { return remove(into); }));
    std::shared_ptr<fs::path const> const folder(new fs::path(into), [&pool](fs::path const* gone) {
        // Off this thread, where it is not late: the next one removes it first, too.
        (void)pool.submit([path = *gone] {
            std::error_code ignored;
            fs::remove_all(path, ignored);
        });
        delete gone;
    });
    MERIDIAN_CO_CHECK(co_await run_git(
        copy, {"init", "--quiet", "--bare", "--initial-branch=main", "--", into.string()},
        time_max));
    MERIDIAN_CO_CHECK(co_await run_git(
        copy,
        {"-c", "transfer.fsckObjects=true", "-C", into.string(), "fetch", "--quiet", "--no-tags",
         "--", copy.remote, "refs/heads/main:refs/heads/main",
         "refs/tags/baseline/*:refs/tags/baseline/*", "refs/meridian/*:refs/meridian/*"},
        time_max));
    co_return folder;
}

}  // namespace meridian::bin
