// Proofs of a Vault: a branch of their own, each signed.

#include <fmt/format.h>

#include "base/assert.h"
#include "crypto/sha256.h"
#include "vault/people.h"
#include "vault/ssh_signature.h"
#include "vault/vault.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

// Of the proofs' commits.
constexpr char kLastFolder[] = "last";
constexpr char kProvenFolder[] = "proven";
constexpr char kSignatureSuffix[] = ".sig";

// Below last/ or proven/: by level, those of a copy by what it is called.
std::string proof_place(Proof const& proof) {
    if (proof.copy.empty()) return std::string(name_of(proof.level));
    constexpr std::size_t kDigits = 16;
    return fmt::format("copies/{}", crypto::sha256_hex(proof.copy).substr(0, kDigits));
}

}  // namespace

Result<void> Vault::keep_proof(Proof const& proof) {
    MERIDIAN_ASSERT(options_.keys.has_value());
    MERIDIAN_TRY(auto const before, repository_->reference(kProofs));
    std::optional<ObjectId> tree_before;
    if (before) {
        MERIDIAN_TRY(auto const commit, read_commit(*before));
        tree_before = commit.tree;
    }
    auto const text = to_json(proof).dump(2) + "\n";
    MERIDIAN_TRY(auto const blob, repository_->put(ObjectType::kBlob, text));
    MERIDIAN_TRY(auto const signature,
                 repository_->put(ObjectType::kBlob, ssh_sign(options_.keys->signing, text)));
    TreeEdit tree(*repository_, tree_before);
    for (auto const* const folder : {kLastFolder, kProvenFolder}) {
        if (folder == kProvenFolder && !proof.is_whole()) continue;
        auto const path = fmt::format("{}/{}.json", folder, proof_place(proof));
        MERIDIAN_CHECK(tree.put(path, blob));
        MERIDIAN_CHECK(tree.put(path + kSignatureSuffix, signature));
    }
    MERIDIAN_TRY(auto const written, tree.write());
    Commit made{
        .tree = written,
        .author = person(proof.by, proof.began),
        .committer = keeper(options_.region, proof.ended),
        .message = fmt::format("{}: {} of {}\n", name_of(proof.level),
                               proof.problems.empty() ? "good" : "problems", proof.commit.hex())};
    if (before) made.parents.push_back(*before);
    MERIDIAN_TRY(auto const id, repository_->put(ObjectType::kCommit, format_commit(made)));
    return repository_->move_reference(kProofs, before, id);
}

Result<void> Vault::read_proof(TreeEdit& tree, std::string const& path,
                               std::function<void(Proof)> const& take) {
    MERIDIAN_TRY(auto const entry, tree.find(path));
    MERIDIAN_TRY(auto const signed_by, tree.find(path + kSignatureSuffix));
    if (!entry || !signed_by) return fail(Errc::kCorrupt, path + " of the proofs is not signed");
    MERIDIAN_TRY(auto const text, repository_->read(ObjectType::kBlob, entry->id));
    MERIDIAN_TRY(auto const signature, repository_->read(ObjectType::kBlob, signed_by->id));
    MERIDIAN_TRY(auto const signer, ssh_verify(text, signature));
    if (signer != own_signer())
        return fail(Errc::kCorrupt, path + " of the proofs is signed by somebody else");
    MERIDIAN_TRY(auto proof, parse_proof(json::parse(text, nullptr, false)));
    take(std::move(proof));
    return {};
}

Result<LastProofs> Vault::proofs() {
    LastProofs out;
    MERIDIAN_TRY(auto const at, repository_->reference(kProofs));
    if (!at) return out;
    MERIDIAN_TRY(auto const commit, read_commit(*at));
    TreeEdit tree(*repository_, commit.tree);
    for (auto const* const folder : {kLastFolder, kProvenFolder}) {
        bool const last = std::string_view(folder) == kLastFolder;
        std::vector<std::string> files;
        MERIDIAN_CHECK(tree.for_each_file(folder, [&](std::string const& path, ObjectId const&) {
            if (!path.ends_with(kSignatureSuffix)) files.push_back(path);
            return Result<void>{};
        }));
        for (auto const& path : files) {
            MERIDIAN_CHECK(read_proof(tree, path, [&](Proof proof) {
                if (proof.copy.empty()) {
                    auto const level = proof.level;
                    (last ? out.last : out.proven).insert_or_assign(level, std::move(proof));
                } else {
                    auto copy = proof.copy;
                    (last ? out.last_of_copies : out.proven_of_copies)
                        .insert_or_assign(std::move(copy), std::move(proof));
                }
            }));
        }
    }
    return out;
}

}  // namespace meridian::vault
