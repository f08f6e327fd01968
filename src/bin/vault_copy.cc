#include "bin/vault_copy.h"

#include <cstdlib>
#include <optional>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "io/child_process.h"

namespace meridian::bin {
namespace {

namespace fs = std::filesystem;

// A remote that hangs holds up the next backup, and nothing else, for so long.
constexpr auto kPushMax = std::chrono::minutes(15);
constexpr std::size_t kPushOutputBytesMax = 1024 * 1024;
constexpr char kGit[] = "/usr/bin/git";

// Git's own settings come from the vault alone; how ssh and https authenticate is the operator's.
std::vector<std::string> environment() {
    std::vector<std::string> out = {"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1",
                                    "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
                                    "LC_ALL=C.UTF-8"};
    for (auto const* const name : {"PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND",
                                   "GIT_ASKPASS", "GIT_SSL_CAINFO", "https_proxy"}) {
        if (auto const* const value = std::getenv(name))
            out.push_back(fmt::format("{}={}", name, value));
    }
    return out;
}

io::Task<> run_git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kGit);
    MERIDIAN_CO_TRY(auto const done, co_await io::run_process({.arguments = std::move(arguments),
                                                               .environment = environment(),
                                                               .time_max = kPushMax},
                                                              kPushOutputBytesMax));
    if (done.ok()) co_return Result<void>{};
    co_return fail(Errc::kUnavailable, fmt::format("git: {}", done.errors));
}

// A path, as git takes it for one; nothing for a URL or HOST:PATH.
std::optional<fs::path> local_path(std::string const& copy) {
    constexpr std::string_view kFile = "file://";
    if (copy.starts_with(kFile)) return fs::path(copy.substr(kFile.size()));
    if (copy.starts_with('/')) return fs::path(copy);
    return std::nullopt;
}

}  // namespace

io::Task<> push_vault(fs::path vault, std::string copy) {
    if (copy.empty() || copy.starts_with('-'))
        co_return fail(Errc::kInvalidParameterValue, fmt::format("{} is no git remote.", copy));
    auto const path = local_path(copy);
    if (path && !fs::exists(*path)) {
        MERIDIAN_CO_CHECK(co_await run_git(
            {"init", "--quiet", "--bare", "--initial-branch=main", "--", path->string()}));
    }
    co_return co_await run_git({"-C", vault.string(), "push", "--quiet", "--porcelain", "--prune",
                                "--", copy, "refs/heads/main:refs/heads/main",
                                "+refs/tags/baseline/*:refs/tags/baseline/*",
                                "refs/meridian/*:refs/meridian/*"});
}

}  // namespace meridian::bin
