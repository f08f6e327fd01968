#pragma once
// Restores what a vault's commit says into a running region: plans, brings the packages, commits a
// function's records at once, and tells the region. What it does is idempotent: a restore that was
// interrupted is begun again, and finds what is left to do.
//
// Threads: belongs to its region's executor.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "model/function.h"
#include "store/code_store.h"
#include "store/store.h"
#include "vault/progress.h"
#include "vault/restore_plan.h"
#include "vault/vault_keeper.h"
#include "vault/vault_reader.h"

namespace meridian::vault {

// A commit writes this many records at most, unless one function has more.
inline constexpr std::size_t kRecordsAtOnceMax = 500;
// Packages are brought in groups, some of them at the same time; a group's wait for the disk is
// one. A package is in memory while it is brought.
inline constexpr std::size_t kPackagesAGroup = 32;
inline constexpr std::size_t kGroupPackageBytesMax = 8UL * 1024 * 1024;
inline constexpr std::size_t kGroupsAtOnce = 3;
// Functions that the region is told of at the same time.
inline constexpr std::size_t kFunctionsAtOnce = 8;
// How long a restore waits until what it brought can be invoked.
inline constexpr std::chrono::minutes kReadyWaitMax{10};

struct RestoreRequest {
    std::string caller;  // ARN
    // One of these says which commit.
    std::optional<std::string> baseline = {};
    std::optional<WallTime> at = {};
    std::optional<ObjectId> commit = {};
    // The vault of another region of this process; null: it is not that.
    VaultKeeper* from = nullptr;
    // Where another vault lies; empty: the region's own. With its recovery key, what it seals is
    // opened and its signer known; without, the signer must be named by its fingerprint.
    std::filesystem::path vault = {};
    std::optional<RecoveryKey> recovery_key = {};
    std::string signer = {};
    RestoreScope scope = {};  // its regions are filled in
    bool dry_run = false;
    std::shared_ptr<Progress> progress = {};  // may be null
};

struct RestoreReport {
    ObjectId commit;
    std::string region;  // whose vault it was
    RestorePlan plan;
    bool applied = false;
    // Functions that are there and cannot be invoked, and why.
    std::vector<std::pair<model::FunctionName, std::string>> not_ready = {};
};

class Restorer {
  public:
    struct Parts {
        model::RegionName region;
        store::Store& store;
        store::CodeStore& code;
        // Stores packages, in their order, with one wait for the disk.
        std::function<io::Task<std::vector<store::StoredCode>>(std::vector<std::string>)>
            put_packages;
        VaultKeeper& own;
        // Writes IAM where its home is.
        std::function<io::Task<>(store::Transaction)> write_account;
        // VaultKeeper::Parts::reveal, and back.
        std::function<Result<void>(store::Change&)> reveal;
        std::function<Result<void>(store::Change&)> conceal;
        // Tells the region what was written past its control plane.
        std::function<io::Task<>(model::AccountId, model::FunctionName)> function_restored;
        std::function<io::Task<>()> layers_restored;
        // How a function is; null while the region still prepares it.
        std::function<std::optional<model::FunctionStatus>(model::AccountId const&,
                                                           model::FunctionName const&)>
            status_of;
        std::vector<store::SecretMembers> secrets;
        Clock const& clock;
        Log& log;
    };
    explicit Restorer(Parts parts) : parts_(std::move(parts)) {}

    // Errors: kResourceNotFound (the baseline, the moment), kAccessDenied (nobody we trust signed
    // it), kCorrupt (the vault is not what was signed, by name), kConflict (others keep changing
    // what it writes), kCancelled (between two batches: what it has written stays), those of the
    // store.
    io::Task<RestoreReport> restore(RestoreRequest request);

  private:
    io::Task<std::shared_ptr<VaultReader>> open(RestoreRequest const& request);
    io::Task<RestoreReport> plan(VaultReader& source, RestoreRequest request);
    io::Task<RegionState> read_region(model::AccountId account,
                                      std::vector<KeptRecord> const& kept);
    // What is to be brought, and how far it is.
    struct Packages {
        VaultReader& source;
        ObjectId commit;
        std::vector<std::string> digests;
        std::size_t next = 0;
    };
    io::Task<> bring_packages(Packages packages, Progress& progress);
    io::Task<> bring_groups(Packages& packages, Progress& progress);
    io::Task<> bring_group(Packages& packages, std::span<std::string const> digests,
                           Progress& progress);
    io::Task<> apply(std::string caller, std::vector<PlannedChange> changes, Progress& progress);
    io::Task<> tell_region(model::AccountId account, std::set<model::FunctionName> functions,
                           Progress& progress);
    // Until every function of the commit is at rest, also what an earlier try brought.
    io::Task<> wait_until_ready(model::AccountId account, RestoreReport& report,
                                Progress& progress);

    Parts const parts_;
};

}  // namespace meridian::vault
