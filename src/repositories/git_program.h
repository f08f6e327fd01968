#pragma once
// The machine's git, and what it is told whatever a repository's own settings say: no hooks, every
// object checked and synced, limits. Values; any thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/child_process.h"

namespace meridian::repositories {

// One invocation of git, a clone of everything included; ours.
inline constexpr auto kGitTimeMax = std::chrono::minutes(30);
// git reads larger files piece by piece instead of into memory; ours.
inline constexpr std::uint64_t kInMemoryFileBytesMax = 16UL * 1024 * 1024;

struct GitProgram {
    std::filesystem::path program;  // git itself
    std::filesystem::path folder;   // of its parts, http-backend among them

    // Asks the git that stands in one of the usual folders. kUnavailable: there is none, or no
    // http-backend beside it.
    static io::Task<GitProgram> find();

    // All of a git process's environment, but for what a CGI adds.
    [[nodiscard]] std::vector<std::string> environment() const;
    // `git WORDS…` in `repository`.
    [[nodiscard]] io::ProcessOptions in(std::filesystem::path const& repository,
                                        std::vector<std::string> words) const;
};

}  // namespace meridian::repositories
