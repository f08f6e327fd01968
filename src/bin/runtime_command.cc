#include "bin/runtime_command.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bin/up.h"
#include "invoke/runtime_bundle.h"

namespace meridian::bin {
namespace fs = std::filesystem;
namespace {

// The recipes stand in the source tree, above build/<preset>/bin/; an installation says where with
// MERIDIAN_RECIPES.
Result<fs::path> recipes() {
    if (auto const* const given = std::getenv("MERIDIAN_RECIPES")) return fs::path(given);
    for (auto folder = sibling_program("").parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
        if (fs::exists(folder / "runtimes" / "lib.sh")) return folder / "runtimes";
    }
    return fail(Errc::kResourceNotFound,
                "The runtime recipes were not found: set MERIDIAN_RECIPES to their directory.");
}

}  // namespace

Result<std::string> list_runtimes(fs::path const& installed, bool as_json) {
    std::vector<std::string> problems;
    auto const bundles = invoke::RuntimeBundles::load(installed, problems);
    std::set<std::string> names;
    for (auto const& name : bundles.names()) names.insert(name);
    if (auto const folder = recipes()) {
        for (auto const& entry : fs::directory_iterator(*folder)) {
            if (fs::exists(entry.path() / "build")) names.insert(entry.path().filename().string());
        }
    }
    std::string out;
    auto runtimes = nlohmann::json::array();
    for (auto const& name : names) {
        auto const bundle = bundles.find(name);
        runtimes.push_back({{"Runtime", name}, {"Installed", static_cast<bool>(bundle)}});
        if (bundle) runtimes.back()["Version"] = bundle->version;
        out += bundle
                   ? fmt::format("{:<18} installed      {}\n", name, bundle->version)
                   : fmt::format("{:<18} not installed  meridian runtime build {}\n", name, name);
    }
    if (as_json) {
        nlohmann::json const all = {{"Runtimes", std::move(runtimes)}, {"Problems", problems}};
        return all.dump(2) + "\n";
    }
    for (auto const& problem : problems) out += fmt::format("broken: {}\n", problem);
    return out;
}

Result<int> build_runtime(std::string const& name, fs::path const& installed,
                          cli::Output const& output) {
    MERIDIAN_TRY(auto const folder, recipes());
    auto const install = folder / "install";
    if (name.find('/') != std::string::npos || !fs::exists(folder / name / "build")) {
        return fail(Errc::kResourceNotFound,
                    fmt::format("There is no recipe for {} in {}.", name, folder.string()));
    }
    if (output.dry_run) {
        say_intent(output, fmt::format("install {} into {} by {}", name, installed.string(),
                                       (folder / name / "build").string()));
        return 0;
    }
    auto const child = ::fork();
    if (child < 0) return fail(Errc::kIo, fmt::format("cannot fork: {}", std::strerror(errno)));
    if (child == 0) {
        if (output.json) ::dup2(STDERR_FILENO, STDOUT_FILENO);
        ::setenv("MERIDIAN_RUNTIMES", installed.c_str(), 1);
        ::execl(install.c_str(), install.c_str(), name.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    auto const result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (output.json && result == 0)
        print_json(output, {{"Runtime", name}, {"Directory", (installed / name).string()}});
    return result;
}

}  // namespace meridian::bin
