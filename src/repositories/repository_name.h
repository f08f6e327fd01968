#pragma once
// What a repository may be called: CodeCommit's rule (API model: [\w\.-]+, at most 100 characters,
// not ending with ".git"), and ours, since the name becomes a folder's: it begins with a letter, a
// digit or '_', has no "..", and is not "vault", which is the region's own. Pure; any thread.

#include <string_view>

namespace meridian::repositories {

inline constexpr std::size_t kRepositoryNameCharsMax = 100;
inline constexpr std::string_view kVaultName = "vault";

[[nodiscard]] bool is_repository_name(std::string_view name) noexcept;

// A branch as `git check-ref-format --branch` takes it, without the stranger ones: letters, digits,
// '.', '_', '-' and '/', at most 200 characters.
inline constexpr std::size_t kBranchNameCharsMax = 200;
[[nodiscard]] bool is_branch_name(std::string_view name) noexcept;

// Forty hexadecimal digits.
[[nodiscard]] bool is_commit_id(std::string_view text) noexcept;

}  // namespace meridian::repositories
