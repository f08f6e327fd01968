#include "vault/vault.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/encoding.h"
#include "crypto/sha256.h"
#include "vault/layout.h"
#include "vault/packages.h"
#include "vault/repository_check.h"
#include "vault/ssh_signature.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

constexpr char kManifest[] = "vault.json";
constexpr char kReadme[] = "README.md";
// Of the proofs' commits.
constexpr char kLastFolder[] = "last";
constexpr char kProvenFolder[] = "proven";
constexpr char kSignatureSuffix[] = ".sig";
constexpr std::string_view kReadmeText = R"(# A Meridian vault

Everything that a region of Meridian holds, kept by the region itself: a commit for each change, its author the caller.

- `accounts/ACCOUNT/functions/NAME/`: a function with its versions, aliases, permissions and settings.
- `accounts/ACCOUNT/layers/`, `iam/` and so on: the same for the rest.
- `code/`: packages, once each. `code/ab/ab12…/recipe` says how its parts and `gaps` make the zip with that SHA-256.
- `vault.json`: whose signature baselines carry, and the vault's keys, sealed to the offline recovery key.
- `{"$sealed": "…"}` in a file is a secret.

A baseline is a tag (`git tag -l 'baseline/*'`). Restore with `meridian restore --vault THIS --baseline NAME`.
)";

// The part of an ARN that says who: "user/alice".
std::string who_of(std::string const& caller) {
    if (!caller.starts_with("arn:")) return caller.empty() ? "meridian" : caller;
    return caller.substr(caller.rfind(':') + 1);
}

Signature person(std::string const& caller, WallTime time) {
    return {.name = who_of(caller), .email = caller, .time = time};
}

Signature keeper(model::RegionName const& region, WallTime time) {
    return {.name = "Meridian", .email = region.value(), .time = time};
}

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

// Below last/ or proven/: by level, those of a copy by what it is called.
std::string proof_place(Proof const& proof) {
    if (proof.copy.empty()) return std::string(name_of(proof.level));
    constexpr std::size_t kDigits = 16;
    return fmt::format("copies/{}", crypto::sha256_hex(proof.copy).substr(0, kDigits));
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
