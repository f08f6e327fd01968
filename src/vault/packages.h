#pragma once
// Packages in the vault's tree: code/ab/ab12…/ holds "recipe", "gaps" and the parts "000000",
// "000001", … (package_recipe.h). Parts that packages share are one object.
//
// Threads: those of the tree's repository.

#include <string>
#include <string_view>
#include <vector>

#include "vault/tree_edit.h"

namespace meridian::vault {

// Puts it there unless it is; gives its SHA-256 in hex.
Result<std::string> put_package(GitRepository& repository, TreeEdit& tree,
                                std::string_view package);

// The very bytes; checked. kResourceNotFound where the tree has no such package, kCorrupt with its
// path where it has, but not whole.
Result<std::string> read_package(GitRepository& repository, TreeEdit& tree,
                                 std::string_view sha256_hex);

// The hex digests of the tree's packages, in order.
Result<std::vector<std::string>> list_packages(TreeEdit& tree);

}  // namespace meridian::vault
