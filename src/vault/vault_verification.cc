// What is wrong with a Vault, and how a copy differs from it.

#include <set>

#include <fmt/format.h>

#include "vault/layout.h"
#include "vault/packages.h"
#include "vault/repository_check.h"
#include "vault/ssh_signature.h"
#include "vault/vault.h"

namespace meridian::vault {

Result<Vault::Verification> Vault::verify(ObjectId const& id, VerifyPart part, Progress* progress) {
    Verification out;
    if (progress != nullptr) progress->begin("reading the vault's files");
    auto const go_on = [progress]() -> Result<void> {
        return progress == nullptr ? Result<void>{} : progress->go_on();
    };
    out.problems = check_repository(options_.directory, part, progress);
    MERIDIAN_CHECK(go_on());
    MERIDIAN_TRY(auto const commit, read_commit(id));
    TreeEdit tree(*repository_, commit.tree);
    if (progress != nullptr) progress->begin("reading records");
    std::set<std::string> wanted;
    auto const read = tree.for_each_file(
        kAccountsFolder, [&](std::string const& path, ObjectId const& blob) -> Result<void> {
            MERIDIAN_CHECK(go_on());
            ++out.records;
            auto const text = repository_->read(ObjectType::kBlob, blob);
            if (!text) {
                out.problems.push_back(fmt::format("{}: {}", path, text.error().message));
                return {};
            }
            out.bytes += text->size();
            auto const value = text_.parse(path, *text);
            if (!value) {
                out.problems.push_back(value.error().message);
                return {};
            }
            for (auto& digest : packages_in(value->value)) wanted.insert(std::move(digest));
            return {};
        });
    MERIDIAN_CHECK(go_on());
    if (!read) out.problems.push_back(read.error().message);
    auto const packages = list_packages(tree);
    if (!packages) {
        out.problems.push_back(packages.error().message);
        return out;
    }
    wanted.insert(packages->begin(), packages->end());
    std::erase_if(wanted, [part](std::string const& digest) { return !part.has(digest); });
    if (progress != nullptr) progress->begin("packages", wanted.size());
    PackageReader reader(*repository_, tree);
    for (auto const& digest : wanted) {
        MERIDIAN_CHECK(go_on());
        if (progress != nullptr) progress->step();
        auto const size = reader.check(digest);
        if (size) {
            ++out.packages;
            out.bytes += *size;
        } else {
            out.problems.push_back(size.error().message);
        }
    }
    return out;
}

Result<std::set<ObjectId>> Vault::history(ObjectId const& from) {
    std::set<ObjectId> commits;
    for (auto at = std::optional(from); at;) {
        MERIDIAN_TRY(auto const commit, read_commit(*at));
        commits.insert(*at);
        at = commit.parents.empty() ? std::nullopt : std::optional(commit.parents.front());
    }
    return commits;
}

Result<Vault::References> Vault::references() {
    References out;
    MERIDIAN_TRY(out.main, repository_->reference(kMainBranch));
    MERIDIAN_TRY(out.proofs, repository_->reference(kProofs));
    MERIDIAN_TRY(auto const tags, repository_->references(kBaselineTags));
    constexpr std::size_t kPrefix = std::string_view(kBaselineTags).size();
    for (auto const& [name, id] : tags) out.baselines.emplace(name.substr(kPrefix), id);
    return out;
}

Result<Vault::Comparison> Vault::compare(References const& copy) {
    Comparison out;
    if (!copy.main) {
        out.problems.emplace_back("it has no history");
        return out;
    }
    MERIDIAN_TRY(auto const own, references());
    MERIDIAN_TRY(auto const newest, head());
    MERIDIAN_TRY(auto const commits, history(newest));
    if (!commits.contains(*copy.main)) {
        out.problems.push_back(fmt::format(
            "its history is another one: this vault has no commit {}", copy.main->hex()));
        return out;
    }
    MERIDIAN_TRY(auto const reached, history(*copy.main));
    out.commits_behind = commits.size() - reached.size();
    for (auto const& [name, id] : copy.baselines) {
        auto const found = own.baselines.find(name);
        if (found == own.baselines.end()) {
            out.notes.push_back(
                fmt::format("the baseline {} is there still: the next backup removes it", name));
        } else if (found->second != id) {
            out.problems.push_back(fmt::format("the baseline {} is another one there", name));
        }
    }
    for (auto const& [name, id] : own.baselines) {
        if (!copy.baselines.contains(name))
            out.notes.push_back(
                fmt::format("the baseline {} is not there yet: the next backup sends it", name));
    }
    if (copy.proofs) {
        auto const proofs = own.proofs ? history(*own.proofs) : Result<std::set<ObjectId>>();
        if (!proofs) return std::unexpected(proofs.error());
        if (!proofs->contains(*copy.proofs))
            out.problems.emplace_back("it has proofs that this vault does not have");
    }
    return out;
}

Result<Vault::Verification> Vault::verify_index(ObjectId const& id) {
    Verification out;
    auto const note = [&out](Error const& error) { out.problems.push_back(error.message); };
    auto commits = history(id);
    if (!commits) note(commits.error());
    MERIDIAN_TRY(auto const tags, repository_->references(kBaselineTags));
    for (auto const& [reference, tag] : tags) {
        auto const baseline = read_baseline(reference, tag);
        if (!baseline) {
            note(baseline.error());
        } else if (!baseline->signer || baseline->signer != own_signer()) {
            auto const by = baseline->signer ? "by " + ssh_fingerprint(*baseline->signer)
                                             : std::string("by nobody, or changed since");
            out.problems.push_back(fmt::format(
                "the baseline {} is not signed by this vault's key but {}", baseline->name, by));
        } else if (!repository_->contains(baseline->commit)) {
            out.problems.push_back(
                fmt::format("the commit of the baseline {} is missing", baseline->name));
        } else if (commits && !commits->contains(baseline->commit)) {
            out.problems.push_back(
                fmt::format("the history was rewritten: it does not have the baseline {} any more",
                            baseline->name));
        }
    }
    auto const known = proofs();
    if (!known) {
        note(known.error());
    } else if (commits) {
        for (auto const& [level, proof] : known->last) {
            if (commits->contains(proof.commit)) continue;
            out.problems.push_back(
                fmt::format("the history was rewritten: it does not have the commit {} any more, "
                            "which was verified at level {}",
                            proof.commit.hex(), name_of(level)));
        }
    }
    MERIDIAN_TRY(auto const commit, read_commit(id));
    TreeEdit tree(*repository_, commit.tree);
    auto const look = [&](std::string const& path, ObjectId const& blob) -> Result<void> {
        if (!repository_->contains(blob)) {
            out.problems.push_back(fmt::format("{}: {} is missing", path, blob.hex()));
        }
        return {};
    };
    auto const records =
        tree.for_each_file(kAccountsFolder, [&](auto const& path, auto const& blob) {
            ++out.records;
            return look(path, blob);
        });
    if (!records) note(records.error());
    auto const packages = list_packages(tree);
    if (!packages) {
        note(packages.error());
        return out;
    }
    out.packages = packages->size();
    auto const parts = tree.for_each_file(kCodeFolder, look);
    if (!parts) note(parts.error());
    return out;
}

}  // namespace meridian::vault
