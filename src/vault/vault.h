#pragma once
// A region's vault: everything that the region holds, as a git repository (docs/formats/vault.md).
// Each log entry is a commit whose author is its caller; the commits' trailers say how far the logs
// have been followed, so that an interrupted writer goes on where it stopped.
//
// Threads: one at a time; blocks.

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "crypto/sha256.h"
#include "store/store.h"
#include "vault/baseline.h"
#include "vault/git_repository.h"
#include "vault/progress.h"
#include "vault/proof.h"
#include "vault/record_text.h"
#include "vault/tree_edit.h"
#include "vault/vault_keys.h"

namespace meridian::vault {

inline constexpr char kMainBranch[] = "refs/heads/main";
inline constexpr char kProofs[] = "refs/meridian/proofs";
// A commit for each entry, unless more than these wait: then those of one caller share one.
inline constexpr std::size_t kCommitsAtOnceMax = 16;

// How far the vault has followed the region's logs.
struct Position {
    store::Sequence region = 0;
    store::Sequence account = 0;

    [[nodiscard]] store::Sequence of(store::LogName log) const {
        return log == store::LogName::kRegion ? region : account;
    }
    bool operator==(Position const&) const = default;
};
// Of a commit's or a tag's message; nothing where it has no such trailers.
[[nodiscard]] std::optional<Position> position_in(std::string_view message);

// One record as it stands in a commit.
struct KeptRecord {
    store::Key key;
    nlohmann::json value;  // or what its deletion left behind
    bool is_epitaph = false;
    std::vector<std::string> sealed = {};  // members that could not be opened, as JSON pointers
};

// Digests of the packages that a record's value names.
[[nodiscard]] std::vector<std::string> packages_in(nlohmann::json const& value);

class Vault {
  public:
    struct Options {
        std::filesystem::path directory;
        model::RegionName region;
        // Nothing: what is sealed stays so.
        std::optional<VaultKeys> keys;
        std::vector<store::SecretMembers> secrets;
        // For whom the vault keeps its keys.
        std::vector<RecoveryKey::Kept> recovery = {};
        // kWrite needs keys, and makes a vault where nothing is.
        GitRepository::Access access = GitRepository::Access::kRead;
    };
    // Errors: GitRepository::open(); kCorrupt for what is no vault or one of a newer format.
    static Result<std::unique_ptr<Vault>> open(Options options, Clock const& clock);

    // --- Writing ---
    [[nodiscard]] Position position() const noexcept { return position_; }
    [[nodiscard]] bool has_package(std::string const& sha256_hex);
    // Kept by the next commit.
    Result<void> put_package(std::string_view package);
    // Entries of one log that follow the position; durable afterwards. An error leaves the vault as
    // it was.
    Result<void> append(std::span<store::LogEntry const> entries);

    // --- Reading. Commits: what resolve() gives. ---
    // The newest commit whose entries were all written by then; kResourceNotFound.
    Result<ObjectId> commit_at(WallTime time);
    Result<ObjectId> head();
    Result<Commit> read_commit(ObjectId const& commit);
    Result<std::vector<KeptRecord>> read_records(ObjectId const& commit);
    // Errors: packages.h.
    Result<std::string> read_package(ObjectId const& commit, std::string_view sha256_hex);
    // The first of `digests`, in their order: as many as make `bytes_max`, at least one.
    Result<std::vector<std::string>> read_packages(ObjectId const& commit,
                                                   std::span<std::string const> digests,
                                                   std::size_t bytes_max);

    // What the vault says of itself (vault.json).
    struct Manifest {
        std::string region;
        std::vector<RecoveryKey::Kept> recovery = {};
    };
    Result<Manifest> manifest();
    // Whose signature its own baselines carry; nothing without keys.
    [[nodiscard]] std::optional<crypto::Ed25519PublicKey> own_signer() const;
    [[nodiscard]] std::vector<store::SecretMembers> const& secrets() const noexcept {
        return options_.secrets;
    }

    // --- Baselines ---
    // `name`: "v1" becomes the tag baseline/v1. kResourceConflict where there is one.
    Result<Baseline> create_baseline(std::string const& name, std::string const& message,
                                     Signature tagger);
    // Its commit and all that it reached stay in the history. kResourceNotFound.
    Result<void> remove_baseline(std::string const& name);
    // By time, the newest last, then by name. kCorrupt where one is no baseline of ours, by name.
    Result<std::vector<Baseline>> baselines();
    // kResourceNotFound.
    Result<Baseline> baseline(std::string const& name);
    // Whether the records and the packages' names of its commit are those that were signed.
    // kCorrupt.
    Result<void> check_root(Baseline const& baseline);
    // Whether everything that a baseline names is here and is what it was: the signature, the root,
    // every record and every package. What is wrong, by name; nothing: all is well.
    struct Verification {
        std::uint64_t records = 0;
        std::uint64_t packages = 0;
        std::uint64_t bytes = 0;
        std::vector<std::string> problems = {};
    };
    // Also the repository's files, as they stand on the disk (repository_check.h). Of packages and
    // those files `part` alone, if it is not all. `progress` counts packages; it may be null.
    // kCancelled where it says so.
    Result<Verification> verify(ObjectId const& commit, VerifyPart part = {},
                                Progress* progress = nullptr);
    // Whether everything that the history and its baselines name is here, without reading it: each
    // commit, each baseline with its signature, each file of `commit`; and whether the history is
    // the one that baselines and proofs were signed for.
    Result<Verification> verify_index(ObjectId const& commit);

    // --- Copies ---
    struct References {
        std::optional<ObjectId> main = {};
        std::optional<ObjectId> proofs = {};
        std::map<std::string, ObjectId> baselines = {};  // tags, by the baselines' names
    };
    Result<References> references();
    // What a copy lacks of this vault and has beside it, judged by its references alone.
    struct Comparison {
        std::uint64_t commits_behind = 0;
        std::vector<std::string> problems = {};
        std::vector<std::string> notes = {};
    };
    Result<Comparison> compare(References const& copy);

    // --- Proofs ---
    // Signed and durable, as the newest commit of kProofs.
    Result<void> keep_proof(Proof const& proof);
    // kCorrupt for one that is not signed by this vault's key.
    Result<LastProofs> proofs();

  private:
    Vault(Options options, Clock const& clock);
    static Result<std::unique_ptr<Vault>> open_sound(Options options, Clock const& clock);
    Result<void> load();
    Result<void> write_manifest();
    Result<void> apply(store::LogEntry const& entry);
    Result<void> commit(std::span<store::LogEntry const> entries);
    // SHA-256 of records' files, by their objects.
    using Digests = std::map<ObjectId, crypto::Sha256Digest>;
    // What is in `known` is not read. Afterwards it has what is in the tree.
    Result<std::string> merkle_root(TreeEdit& tree, Digests& known);
    Result<std::set<ObjectId>> history(ObjectId const& from);
    Result<void> read_proof(TreeEdit& tree, std::string const& path,
                            std::function<void(Proof)> const& take);
    Result<Baseline> read_baseline(std::string const& reference, ObjectId const& id);

    Options const options_;
    Clock const& clock_;
    RecordText const text_;
    std::unique_ptr<GitRepository> repository_;
    std::optional<ObjectId> head_;
    std::optional<TreeEdit> tree_;
    Position position_;
    Digests digests_;  // of the newest baseline's: what changes from one to the next is little
};

}  // namespace meridian::vault
