// Baselines of a Vault, and the root that they sign.

#include <map>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/encoding.h"
#include "crypto/sha256.h"
#include "vault/layout.h"
#include "vault/packages.h"
#include "vault/ssh_signature.h"
#include "vault/vault.h"

namespace meridian::vault {

// What `sha256sum` prints for the records' files and, with the packages' own digests, for theirs,
// in the order of the paths' bytes: the SHA-256 of that text.
Result<std::string> Vault::merkle_root(TreeEdit& tree, Digests& known) {
    Digests here;
    std::map<std::string, std::string> digests;
    MERIDIAN_CHECK(tree.for_each_file(
        kAccountsFolder, [&](std::string const& path, ObjectId const& blob) -> Result<void> {
            auto const before = known.find(blob);
            if (before != known.end()) here.insert(*before);
            auto at = here.find(blob);
            if (at == here.end()) {
                auto const text = repository_->read(ObjectType::kBlob, blob);
                if (!text)
                    return fail(Errc::kCorrupt, fmt::format("{}: {}", path, text.error().message));
                at = here.emplace(blob, crypto::sha256(*text)).first;
            }
            digests[path] = to_hex(crypto::as_bytes(at->second));
            return {};
        }));
    known = std::move(here);
    MERIDIAN_TRY(auto const packages, list_packages(tree));
    for (auto const& digest : packages) digests[package_path(digest)] = digest;
    std::string listing;
    for (auto const& [path, digest] : digests) listing += fmt::format("{}  {}\n", digest, path);
    return crypto::sha256_hex(listing);
}

Result<Baseline> Vault::create_baseline(std::string const& name, std::string const& message,
                                        Signature tagger) {
    MERIDIAN_ASSERT(options_.keys.has_value());
    MERIDIAN_TRY(auto const commit, head());
    MERIDIAN_TRY(auto const root, merkle_root(*tree_, digests_));
    Baseline baseline{.name = name,
                      .commit = commit,
                      .tagger = std::move(tagger),
                      .message = message.empty() ? name : message,
                      .merkle_root = root,
                      .region = options_.region.value(),
                      .region_sequence = position_.region,
                      .account_sequence = position_.account,
                      .signer = crypto::ed25519_public_key(options_.keys->signing)};
    MERIDIAN_TRY(
        auto const tag,
        repository_->put(ObjectType::kTag, format_baseline(baseline, options_.keys->signing)));
    auto const made = repository_->move_reference(kBaselineTags + name, std::nullopt, tag);
    if (made) return baseline;
    if (made.error().code == Errc::kConflict)
        return fail(Errc::kResourceConflict, fmt::format("There is a baseline {} already.", name));
    return std::unexpected(made.error());
}

Result<Baseline> Vault::read_baseline(std::string const& reference, ObjectId const& id) {
    auto baseline = [&]() -> Result<Baseline> {
        MERIDIAN_TRY(auto const bytes, repository_->read(ObjectType::kTag, id));
        return parse_baseline(bytes);
    }();
    if (!baseline)
        return fail(Errc::kCorrupt, fmt::format("{}: {}", reference, baseline.error().message));
    // A tag may be moved to another's name.
    if (reference == kBaselineTags + baseline->name) return baseline;
    return fail(Errc::kCorrupt, fmt::format("{} holds the baseline {}", reference, baseline->name));
}

Result<std::vector<Baseline>> Vault::baselines() {
    MERIDIAN_TRY(auto const tags, repository_->references(kBaselineTags));
    std::vector<Baseline> found;
    for (auto const& [reference, id] : tags) {
        MERIDIAN_TRY(auto baseline, read_baseline(reference, id));
        found.push_back(std::move(baseline));
    }
    std::ranges::sort(found, {},
                      [](Baseline const& b) { return std::tuple(b.tagger.time, b.name); });
    return found;
}

Result<Baseline> Vault::baseline(std::string const& name) {
    auto const reference = kBaselineTags + name;
    MERIDIAN_TRY(auto const id, repository_->reference(reference));
    if (id) return read_baseline(reference, *id);
    return fail(Errc::kResourceNotFound, fmt::format("There is no baseline {}.", name));
}

Result<void> Vault::remove_baseline(std::string const& name) {
    MERIDIAN_CHECK(baseline(name));
    return repository_->remove_reference(kBaselineTags + name);
}

Result<void> Vault::check_root(Baseline const& baseline) {
    MERIDIAN_TRY(auto const commit, read_commit(baseline.commit));
    TreeEdit tree(*repository_, commit.tree);
    Digests unknown;
    MERIDIAN_TRY(auto const root, merkle_root(tree, unknown));
    if (root == baseline.merkle_root) return {};
    return fail(Errc::kCorrupt,
                fmt::format("The baseline {} does not hold what was signed.", baseline.name));
}

}  // namespace meridian::vault
