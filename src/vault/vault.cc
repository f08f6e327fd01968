#include "vault/vault.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/encoding.h"
#include "vault/layout.h"
#include "vault/packages.h"
#include "vault/people.h"
#include "vault/repository_check.h"
#include "vault/ssh_signature.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

constexpr char kManifest[] = "vault.json";
constexpr char kReadme[] = "README.md";
constexpr std::string_view kReadmeText = R"(# A Meridian vault

Everything that a region of Meridian holds, kept by the region itself: a commit for each change, its author the caller.

- `accounts/ACCOUNT/functions/NAME/`: a function with its versions, aliases, permissions and settings.
- `accounts/ACCOUNT/layers/`, `iam/` and so on: the same for the rest.
- `code/`: packages, once each. `code/ab/ab12…/recipe` says how its parts and `gaps` make the zip with that SHA-256.
- `vault.json`: whose signature baselines carry, and the vault's keys, sealed to the offline recovery key.
- `{"$sealed": "…"}` in a file is a secret.

A baseline is a tag (`git tag -l 'baseline/*'`). Restore with `meridian restore --vault THIS --baseline NAME`.
)";

std::string trailers(Position const& position) {
    return fmt::format("Region-Sequence: {}\nAccount-Sequence: {}\n", position.region,
                       position.account);
}

std::string subject_of(std::span<store::LogEntry const> entries) {
    std::string subject;
    std::size_t more = 0;
    for (auto const& entry : entries) {
        for (auto const& change : entry.changes) {
            if (!path_of({change.key})) continue;
            if (subject.empty()) {
                subject = (change.value ? "" : "delete ") + describe(change.key);
            } else {
                ++more;
            }
        }
    }
    if (subject.empty()) return "nothing that is kept";
    return more == 0 ? subject : fmt::format("{} and {} more", subject, more);
}

std::optional<store::Sequence> sequence_in(std::string_view message, std::string_view name) {
    auto const text = trailer(message, name);
    store::Sequence sequence = 0;
    if (!text) return std::nullopt;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), sequence);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return sequence;
}

void find_packages(json const& value, std::set<std::string>& found) {
    if (value.is_object() && value.contains("sha256") && value.contains("size_bytes") &&
        value["sha256"].is_string()) {
        if (auto const digest = from_base64(value["sha256"].get<std::string>()))
            found.insert(to_hex(*digest));
    }
    if (!value.is_structured()) return;
    for (auto const& member : value) find_packages(member, found);
}

}  // namespace

std::optional<Position> position_in(std::string_view message) {
    auto const region = sequence_in(message, "Region-Sequence");
    auto const account = sequence_in(message, "Account-Sequence");
    if (!region || !account) return std::nullopt;
    return Position{*region, *account};
}

std::vector<std::string> packages_in(json const& value) {
    std::set<std::string> found;
    find_packages(value, found);
    return {found.begin(), found.end()};
}

Vault::Vault(Options options, Clock const& clock)
    : options_(std::move(options)),
      clock_(clock),
      text_(options_.keys ? std::optional(options_.keys->sealing) : std::nullopt,
            options_.secrets) {}

Result<std::unique_ptr<Vault>> Vault::open(Options options, Clock const& clock) {
    auto const directory = options.directory;
    auto opened = open_sound(std::move(options), clock);
    if (opened || opened.error().code != Errc::kCorrupt) return opened;
    // Whoever cannot open it is to know which file it is.
    auto error = std::move(opened).error();
    for (auto const& problem : check_repository(directory)) error.message += "; " + problem;
    return std::unexpected(std::move(error));
}

Result<std::unique_ptr<Vault>> Vault::open_sound(Options options, Clock const& clock) {
    std::unique_ptr<Vault> vault(new Vault(std::move(options), clock));
    auto const access = vault->options_.access;
    MERIDIAN_ASSERT(access == GitRepository::Access::kRead || vault->options_.keys);
    MERIDIAN_TRY(vault->repository_, GitRepository::open(vault->options_.directory, access));
    MERIDIAN_CHECK(vault->load());
    if (access == GitRepository::Access::kRead) {
        MERIDIAN_CHECK(vault->manifest());
    } else {
        MERIDIAN_CHECK(vault->write_manifest());
    }
    return vault;
}

Result<void> Vault::load() {
    MERIDIAN_TRY(head_, repository_->reference(kMainBranch));
    position_ = {};
    tree_.emplace(*repository_, std::nullopt);
    if (!head_) return {};
    MERIDIAN_TRY(auto const commit, read_commit(*head_));
    auto const position = position_in(commit.message);
    if (!position) {
        return fail(Errc::kCorrupt, fmt::format("{}: commit {} does not say how far the logs were "
                                                "followed",
                                                options_.directory.string(), head_->hex()));
    }
    position_ = *position;
    tree_.emplace(*repository_, commit.tree);
    return {};
}

// What the vault says of itself; written anew when it is no longer so (a new recovery key).
Result<void> Vault::write_manifest() {
    json manifest = {{"format", kVaultFormat},
                     {"region", options_.region.value()},
                     {"signer", format_ssh_key(crypto::ed25519_public_key(options_.keys->signing))},
                     {"recovery", json::array()}};
    for (auto const& kept : options_.recovery) {
        manifest["recovery"].push_back(
            {{"recipient", kept.recipient}, {"box", kept.box}, {"voucher", kept.voucher}});
    }
    MERIDIAN_TRY(auto const manifest_before, tree_->find(kManifest));
    MERIDIAN_TRY(auto const readme_before, tree_->find(kReadme));
    MERIDIAN_TRY(auto const manifest_blob,
                 repository_->put(ObjectType::kBlob, manifest.dump(2) + "\n"));
    MERIDIAN_TRY(auto const readme_blob, repository_->put(ObjectType::kBlob, kReadmeText));
    if (manifest_before && manifest_before->id == manifest_blob && readme_before &&
        readme_before->id == readme_blob)
        return {};
    MERIDIAN_CHECK(tree_->put(kManifest, manifest_blob));
    MERIDIAN_CHECK(tree_->put(kReadme, readme_blob));
    MERIDIAN_TRY(auto const tree, tree_->write());
    auto const by = keeper(options_.region, clock_.wall_now());
    Commit made{
        .tree = tree,
        .author = by,
        .committer = by,
        .message = fmt::format("the vault of {}\n\n{}", options_.region, trailers(position_))};
    if (head_) made.parents.push_back(*head_);
    MERIDIAN_TRY(auto const id, repository_->put(ObjectType::kCommit, format_commit(made)));
    MERIDIAN_CHECK(repository_->move_reference(kMainBranch, head_, id));
    head_ = id;
    return {};
}

Result<Vault::Manifest> Vault::manifest() {
    MERIDIAN_TRY(auto const entry, tree_->find(kManifest));
    auto const no_vault = [&](std::string_view what) {
        return fail(Errc::kCorrupt, fmt::format("{}: {}", options_.directory.string(), what));
    };
    if (!entry) return no_vault("it has no vault.json, so it is no vault");
    MERIDIAN_TRY(auto const text, repository_->read(ObjectType::kBlob, entry->id));
    auto const value = json::parse(text, nullptr, false);
    if (!value.is_object() || !value.contains("format") || !value["format"].is_number_integer())
        return no_vault("its vault.json is not one");
    if (value["format"].get<int>() > kVaultFormat)
        return no_vault("a newer Meridian wrote this vault: use that one");
    try {
        Manifest manifest{.region = value.at("region").get<std::string>()};
        for (auto const& kept : value.at("recovery"))
            manifest.recovery.push_back({.recipient = kept.at("recipient").get<std::string>(),
                                         .box = kept.at("box").get<std::string>(),
                                         .voucher = kept.at("voucher").get<std::string>()});
        return manifest;
    } catch (json::exception const&) {
        return no_vault("its vault.json is not one");
    }
}

std::optional<crypto::Ed25519PublicKey> Vault::own_signer() const {
    if (!options_.keys) return std::nullopt;
    return crypto::ed25519_public_key(options_.keys->signing);
}

bool Vault::has_package(std::string const& sha256_hex) {
    auto const found = tree_->find(package_path(sha256_hex));
    return found && found->has_value();
}

Result<void> Vault::put_package(std::string_view package) {
    MERIDIAN_CHECK(vault::put_package(*repository_, *tree_, package));
    return {};
}

Result<void> Vault::append(std::span<store::LogEntry const> entries) {
    auto const before = head_;
    auto const written = [&]() -> Result<void> {
        bool const together = entries.size() > kCommitsAtOnceMax;
        for (auto rest = entries; !rest.empty();) {
            std::size_t count = 1;
            while (together && count < rest.size() && rest[count].caller == rest[0].caller) ++count;
            MERIDIAN_CHECK(commit(rest.first(count)));
            rest = rest.subspan(count);
        }
        if (head_ == before) return {};
        return repository_->move_reference(kMainBranch, before, *head_);
    }();
    if (written) return {};
    // What was made of it in memory is not to be built upon.
    MERIDIAN_CHECK(load());
    return written;
}

Result<void> Vault::commit(std::span<store::LogEntry const> entries) {
    for (auto const& entry : entries) {
        auto const expected = position_.of(entry.log) + 1;
        if (entry.sequence != expected) {
            return fail(Errc::kConflict,
                        fmt::format("the log's entry {} comes where {} is expected", entry.sequence,
                                    expected));
        }
        MERIDIAN_CHECK(apply(entry));
        (entry.log == store::LogName::kRegion ? position_.region : position_.account) =
            entry.sequence;
    }
    MERIDIAN_TRY(auto const tree, tree_->write());
    Commit made{.tree = tree,
                .author = person(entries.front().caller, entries.front().time),
                .committer = keeper(options_.region, entries.back().time),
                .message = fmt::format("{}\n\n{}", subject_of(entries), trailers(position_))};
    if (head_) made.parents.push_back(*head_);
    MERIDIAN_TRY(head_, repository_->put(ObjectType::kCommit, format_commit(made)));
    return {};
}

Result<void> Vault::apply(store::LogEntry const& entry) {
    for (auto const& change : entry.changes) {
        auto const live = path_of({change.key});
        if (!live) continue;
        auto const epitaph = path_of({change.key, true}).value();
        bool const leaves_something = !change.value && !change.epitaph.is_null();
        MERIDIAN_CHECK(tree_->remove(change.value ? epitaph : *live));
        if (!change.value && !leaves_something) {
            MERIDIAN_CHECK(tree_->remove(epitaph));
            continue;
        }
        auto const& path = change.value ? *live : epitaph;
        auto const text =
            text_.format(change.key.kind, path, change.value ? *change.value : change.epitaph);
        MERIDIAN_TRY(auto const blob, repository_->put(ObjectType::kBlob, text));
        MERIDIAN_CHECK(tree_->put(path, blob));
    }
    return {};
}

Result<ObjectId> Vault::head() {
    if (head_) return *head_;
    return fail(Errc::kResourceNotFound, "The vault is empty.");
}

Result<Commit> Vault::read_commit(ObjectId const& commit) {
    MERIDIAN_TRY(auto const bytes, repository_->read(ObjectType::kCommit, commit));
    return parse_commit(bytes);
}

Result<ObjectId> Vault::commit_at(WallTime time) {
    MERIDIAN_TRY(auto at, head());
    for (;;) {
        MERIDIAN_TRY(auto const commit, read_commit(at));
        if (commit.committer.time <= time) return at;
        if (commit.parents.empty())
            return fail(Errc::kResourceNotFound, "The vault begins after that moment.");
        at = commit.parents.front();
    }
}

Result<std::vector<KeptRecord>> Vault::read_records(ObjectId const& id) {
    MERIDIAN_TRY(auto const commit, read_commit(id));
    TreeEdit tree(*repository_, commit.tree);
    std::vector<KeptRecord> records;
    MERIDIAN_CHECK(tree.for_each_file(
        kAccountsFolder, [&](std::string const& path, ObjectId const& blob) -> Result<void> {
            auto place = place_of(path);
            if (!place) return fail(Errc::kCorrupt, fmt::format("{} is no record's place", path));
            MERIDIAN_TRY(auto const text, repository_->read(ObjectType::kBlob, blob));
            MERIDIAN_TRY(auto value, text_.parse(path, text));
            records.push_back({.key = std::move(place->key),
                               .value = std::move(value.value),
                               .is_epitaph = place->is_epitaph,
                               .sealed = std::move(value.sealed)});
            return {};
        }));
    return records;
}

Result<std::string> Vault::read_package(ObjectId const& id, std::string_view sha256_hex) {
    MERIDIAN_TRY(auto const commit, read_commit(id));
    TreeEdit tree(*repository_, commit.tree);
    return PackageReader(*repository_, tree).read(sha256_hex);
}

Result<std::vector<std::string>> Vault::read_packages(ObjectId const& id,
                                                      std::span<std::string const> digests,
                                                      std::size_t bytes_max) {
    MERIDIAN_TRY(auto const commit, read_commit(id));
    TreeEdit tree(*repository_, commit.tree);
    PackageReader reader(*repository_, tree);
    std::vector<std::string> packages;
    std::size_t bytes = 0;
    for (auto const& digest : digests) {
        MERIDIAN_TRY(auto package, reader.read(digest));
        bytes += package.size();
        packages.push_back(std::move(package));
        if (bytes >= bytes_max) break;
    }
    return packages;
}

}  // namespace meridian::vault
