#pragma once
// Packages in the vault's tree: code/ab/ab12…/ holds "recipe", "gaps" and the parts "000000",
// "000001", … (package_recipe.h). Parts that packages share are one object.
//
// Threads: those of the tree's repository.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "vault/package_recipe.h"
#include "vault/tree_edit.h"

namespace meridian::vault {

// Puts it there unless it is; gives its SHA-256 in hex.
Result<std::string> put_package(GitRepository& repository, TreeEdit& tree,
                                std::string_view package);

// Parts that a PackageReader keeps because other packages may have them, too.
inline constexpr std::size_t kKeptPartsBytesMax = 32UL * 1024 * 1024;

// Reads packages of one tree. A part that many have is read and compared once.
class PackageReader {
  public:
    // Both outlive it.
    PackageReader(GitRepository& repository, TreeEdit& tree)
        : repository_(repository), tree_(tree) {}

    // The very bytes; checked. kResourceNotFound where the tree has no such package, kCorrupt with
    // its path where it has, but not whole.
    Result<std::string> read(std::string_view sha256_hex);
    // The same without the bytes: how many they are.
    Result<std::uint64_t> check(std::string_view sha256_hex);

  private:
    // `use(recipe, gaps, part)`; its error names the package's folder.
    template <typename Use>
    auto with_package(std::string_view sha256_hex, Use const& use)
        -> std::invoke_result_t<Use const&, Recipe const&, std::string_view, PartSource const&>;
    Result<ObjectId> file_at(std::string const& path);
    Result<std::string> read_file(std::string const& path);
    // Until the next one is asked for.
    Result<std::string_view> part(std::string const& path);

    GitRepository& repository_;
    TreeEdit& tree_;
    std::map<ObjectId, std::string> kept_;
    std::size_t kept_bytes_ = 0;
    std::string large_;  // the part that is too large to be kept
};

// The hex digests of the tree's packages, in order.
Result<std::vector<std::string>> list_packages(TreeEdit& tree);

}  // namespace meridian::vault
