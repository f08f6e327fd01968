#include "vault/packages.h"

#include <utility>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "vault/layout.h"

namespace meridian::vault {
namespace {

std::string part_name(std::size_t number) { return fmt::format("{:06x}", number); }

}  // namespace

Result<std::string> put_package(GitRepository& repository, TreeEdit& tree,
                                std::string_view package) {
    auto sha256_hex = crypto::sha256_hex(package);
    auto const folder = package_path(sha256_hex);
    MERIDIAN_TRY(auto const there, tree.find(folder));
    if (there) return sha256_hex;
    auto const split = split_package(package);
    MERIDIAN_TRY(auto const recipe, repository.put(ObjectType::kBlob, format(split.recipe)));
    MERIDIAN_TRY(auto const gaps, repository.put(ObjectType::kBlob, split.gaps));
    MERIDIAN_CHECK(tree.put(folder + "/recipe", recipe));
    MERIDIAN_CHECK(tree.put(folder + "/gaps", gaps));
    for (std::size_t n = 0; n < split.parts.size(); ++n) {
        MERIDIAN_TRY(auto const part,
                     repository.put(ObjectType::kBlob, split.parts[n], Packing::kStore));
        MERIDIAN_CHECK(tree.put(fmt::format("{}/{}", folder, part_name(n)), part));
    }
    return sha256_hex;
}

Result<std::string> PackageReader::read(std::string_view sha256_hex) {
    return with_package(sha256_hex, join_package);
}

Result<std::uint64_t> PackageReader::check(std::string_view sha256_hex) {
    return with_package(
        sha256_hex,
        [](Recipe const& recipe, std::string_view gaps,
           PartSource const& part) -> Result<std::uint64_t> {
            std::uint64_t size = 0;
            MERIDIAN_CHECK(stream_package(
                recipe, gaps, part, [&size](std::string_view bytes) { size += bytes.size(); }));
            return size;
        });
}

template <typename Use>
auto PackageReader::with_package(std::string_view sha256_hex, Use const& use)
    -> std::invoke_result_t<Use const&, Recipe const&, std::string_view, PartSource const&> {
    auto const folder = package_path(sha256_hex);
    MERIDIAN_TRY(auto const there, tree_.find(folder));
    if (!there)
        return fail(Errc::kResourceNotFound,
                    fmt::format("the vault has no package {}", sha256_hex));
    auto used = [&]() -> decltype(with_package(sha256_hex, use)) {
        MERIDIAN_TRY(auto const text, read_file(folder + "/recipe"));
        MERIDIAN_TRY(auto const recipe, parse_recipe(text));
        if (recipe.sha256_hex != sha256_hex)
            return fail(Errc::kCorrupt, "the recipe is another package's");
        MERIDIAN_TRY(auto const gaps, read_file(folder + "/gaps"));
        return use(recipe, gaps,
                   [&](std::size_t n) { return part(fmt::format("{}/{}", folder, part_name(n))); });
    }();
    if (used) return used;
    return fail(used.error().code, fmt::format("{}: {}", folder, used.error().message));
}

Result<ObjectId> PackageReader::file_at(std::string const& path) {
    MERIDIAN_TRY(auto const entry, tree_.find(path));
    if (!entry || entry->is_tree) return fail(Errc::kCorrupt, "there is no " + path);
    return entry->id;
}

Result<std::string> PackageReader::read_file(std::string const& path) {
    MERIDIAN_TRY(auto const id, file_at(path));
    return repository_.read(ObjectType::kBlob, id);
}

Result<std::string_view> PackageReader::part(std::string const& path) {
    MERIDIAN_TRY(auto const id, file_at(path));
    auto const kept = kept_.find(id);
    if (kept != kept_.end()) return kept->second;
    MERIDIAN_TRY(auto bytes, repository_.read(ObjectType::kBlob, id));
    if (bytes.size() > kKeptPartsBytesMax) {
        large_ = std::move(bytes);
        return large_;
    }
    if (kept_bytes_ + bytes.size() > kKeptPartsBytesMax) {
        kept_.clear();
        kept_bytes_ = 0;
    }
    kept_bytes_ += bytes.size();
    return kept_.emplace(id, std::move(bytes)).first->second;
}

Result<std::vector<std::string>> list_packages(TreeEdit& tree) {
    std::vector<std::string> packages;
    MERIDIAN_CHECK(tree.for_each_file(kCodeFolder, [&](std::string const& path, ObjectId const&) {
        // code/ab/ab12…/recipe
        if (path.ends_with("/recipe")) {
            auto const folder = path.substr(0, path.rfind('/'));
            packages.push_back(folder.substr(folder.rfind('/') + 1));
        }
        return Result<void>{};
    }));
    return packages;
}

}  // namespace meridian::vault
