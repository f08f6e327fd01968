#pragma once
// Restores what a vault's commit says into a running region: plans, brings the packages, commits a
// function's records at once, and tells the region. What it does is idempotent: a restore that was
// interrupted is begun again, and finds what is left to do.
//
// Threads: belongs to its region's executor.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "io/blocking_pool.h"
#include "store/code_store.h"
#include "store/store.h"
#include "vault/restore_plan.h"
#include "vault/vault_keeper.h"

namespace meridian::vault {

// A commit writes this many records at most, unless one function has more.
inline constexpr std::size_t kRecordsAtOnceMax = 500;
// Packages that are put into the region at the same time.
inline constexpr std::size_t kPackagesAtOnceMax = 8;

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
};

struct RestoreReport {
    ObjectId commit;
    std::string region;  // whose vault it was
    RestorePlan plan;
    bool applied = false;
};

class Restorer {
  public:
    struct Parts {
        model::RegionName region;
        store::Store& store;
        store::CodeStore& code;
        VaultKeeper& own;
        // Writes IAM where its home is.
        std::function<io::Task<>(store::Transaction)> write_account;
        // VaultKeeper::Parts::reveal, and back.
        std::function<Result<void>(store::Change&)> reveal;
        std::function<Result<void>(store::Change&)> conceal;
        // Tells the region what was written past its control plane.
        std::function<io::Task<>(model::AccountId, model::FunctionName)> function_restored;
        std::function<io::Task<>()> layers_restored;
        std::vector<store::SecretMembers> secrets;
        Clock const& clock;
        Log& log;
    };
    explicit Restorer(Parts parts) : parts_(std::move(parts)) {}

    // Errors: kResourceNotFound (the baseline, the moment), kAccessDenied (nobody we trust signed
    // it), kCorrupt (the vault is not what was signed, by name), kConflict (others keep changing
    // what it writes), those of the store.
    io::Task<RestoreReport> restore(RestoreRequest request);

  private:
    // A vault that is open: the region's own, or one of this restore alone.
    class Source;
    io::Task<std::shared_ptr<Source>> open(RestoreRequest const& request);
    io::Task<RestoreReport> plan(Source& source, RestoreRequest request);
    io::Task<RegionState> read_region(model::AccountId account,
                                      std::vector<KeptRecord> const& kept);
    io::Task<> bring_packages(Source& source, ObjectId commit, std::vector<std::string> packages);
    io::Task<> apply(std::string caller, std::vector<PlannedChange> changes);

    Parts const parts_;
};

}  // namespace meridian::vault
