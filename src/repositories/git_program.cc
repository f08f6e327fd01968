#include "repositories/git_program.h"

#include <utility>

#include <fmt/format.h>

#include "repositories/git_request.h"

namespace meridian::repositories {
namespace {

namespace fs = std::filesystem;

constexpr char const* kFolders[] = {"/usr/bin", "/usr/local/bin", "/bin"};
constexpr std::size_t kExecPathBytesMax = 4096;

std::vector<std::pair<std::string, std::string>> settings() {
    return {
        // What a repository says of hooks and programs is not run.
        {"core.hooksPath", "/nonexistent"},
        {"core.fsmonitor", "false"},
        {"core.logAllRefUpdates", "always"},  // who pushed what, for pipelines
        {"core.fsync", "all"},
        {"core.bigFileThreshold", std::to_string(kInMemoryFileBytesMax)},
        {"gc.auto", "0"},  // Repositories tidies up itself
        {"http.receivepack", "true"},
        {"http.uploadpack", "true"},
        {"http.getanyfile", "false"},
        {"pack.threads", "1"},
        {"pack.windowMemory", "64m"},
        {"receive.autogc", "false"},
        {"receive.fsckObjects", "true"},
        {"receive.maxInputSize", std::to_string(kPushBytesMax)},
        {"receive.unpackLimit", "1"},  // one pack and one sync a push
        {"transfer.fsckObjects", "true"},
        {"uploadpack.allowFilter", "true"},
        {"uploadpack.keepAlive", "5"},
    };
}

}  // namespace

io::Task<GitProgram> GitProgram::find() {
    for (auto const* folder : kFolders) {
        GitProgram found{.program = fs::path(folder) / "git", .folder = {}};
        std::error_code error;
        if (!fs::exists(found.program, error)) continue;
        MERIDIAN_CO_TRY(auto answer, co_await io::run_process(
                                         {.arguments = {found.program.string(), "--exec-path"},
                                          .environment = found.environment(),
                                          .time_max = std::chrono::seconds(10)},
                                         kExecPathBytesMax));
        while (answer.output.ends_with('\n')) answer.output.pop_back();
        found.folder = answer.output;
        if (answer.ok() && fs::exists(found.folder / "git-http-backend", error)) co_return found;
    }
    co_return fail(Errc::kUnavailable, "git is not installed on the server's machine.");
}

std::vector<std::string> GitProgram::environment() const {
    std::vector<std::string> out = {
        fmt::format("PATH={}:/usr/bin:/bin", folder.string()),
        "HOME=/nonexistent",
        "LC_ALL=C",
        "TZ=UTC",  // zips hold local times
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_CONFIG_SYSTEM=/dev/null",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_TERMINAL_PROMPT=0",
    };
    auto const all = settings();
    out.push_back(fmt::format("GIT_CONFIG_COUNT={}", all.size()));
    for (std::size_t i = 0; i < all.size(); ++i) {
        out.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", i, all[i].first));
        out.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", i, all[i].second));
    }
    return out;
}

io::ProcessOptions GitProgram::in(fs::path const& repository,
                                  std::vector<std::string> words) const {
    std::vector<std::string> arguments = {program.string(), "--git-dir=" + repository.string()};
    arguments.insert(arguments.end(), std::make_move_iterator(words.begin()),
                     std::make_move_iterator(words.end()));
    return {
        .arguments = std::move(arguments), .environment = environment(), .time_max = kGitTimeMax};
}

}  // namespace meridian::repositories
