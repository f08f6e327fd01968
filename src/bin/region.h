#pragma once
// One region, complete in itself: store, code, control plane, data plane, logs. main builds each;
// regions share nothing but the process, the sandbox factory and the installed runtimes.
//
// Threads: belongs to the process's io executor.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "api/front.h"
#include "bin/pipeline_host.h"
#include "bin/vault_files.h"
#include "builds/builds.h"
#include "control/control_plane.h"
#include "crypto/system_random.h"
#include "iam/identity_manager.h"
#include "iam/known_credentials.h"
#include "iam/security_tokens.h"
#include "invoke/invoker.h"
#include "io/blocking_pool.h"
#include "io/task_scope.h"
#include "regions/account_follower.h"
#include "regions/store_change_source.h"
#include "regions/watched_store.h"
#include "repositories/repositories.h"
#include "store/folder_code_store.h"
#include "store/record_seal.h"
#include "store/sql_store.h"
#include "telemetry/invocation_metrics.h"
#include "telemetry/log_store.h"
#include "vault/backup_runner.h"
#include "vault/restorer.h"
#include "vault/vault_keeper.h"

namespace meridian::bin {

// What the regions of one process have in common; all of it outlives them.
struct RegionHost {
    asio::any_io_executor executor;
    io::BlockingPool& pool;
    Clock const& clock;
    Random& random;
    Log& log;
    sandbox::SandboxFactory& sandboxes;
    invoke::RuntimeBundles const& bundles;
    invoke::RegionApi* functions_api;  // what code in sandboxes may call; never null
    control::RuntimeCatalog const& runtimes;
    auth::CredentialSource const& root_credentials;
    iam::SecretKeys const& secrets;
    crypto::AeadKey records_key;  // seals environment variables at rest
    control::ObjectSource& objects;
    // A PostgreSQL database that holds every region's store, a schema each; empty: an SQLite file
    // in each region's directory.
    std::string store_url;
    // Nothing: the machine has none, and the regions serve no repositories.
    std::optional<repositories::GitProgram> git;
    // Null: the regions keep no vaults.
    VaultSecrets const* vault_secrets = nullptr;
    vault::BackupPlan backup_plan = {};
    invoke::InvokerOptions invoker_options;
    builds::BuildSettings build_settings = {};
    std::string const& endpoint;  // of the public API; known once it listens
};

// What a region says of itself, beside its functions' metrics.
struct RegionFigures {
    model::RegionName name;
    std::size_t environments = 0;
    std::size_t metrics_bytes = 0;
    std::chrono::seconds metrics_kept{0};
    std::optional<vault::Position> store = {};  // nothing: the store did not answer
    std::optional<vault::Position> vault = {};  // nothing: the region keeps none
};

class Region {
  public:
    // Opens (or makes) the region's files under `directory`.
    [[nodiscard]] static Result<std::unique_ptr<Region>> open(
        RegionHost host, model::RegionName name, std::filesystem::path const& directory);
    ~Region();

    [[nodiscard]] model::RegionName const& name() const noexcept { return name_; }
    [[nodiscard]] regions::WatchedStore& store() noexcept { return *watched_store_; }
    [[nodiscard]] telemetry::InvocationMetrics const& metrics() const noexcept { return metrics_; }
    // After start().
    asio::awaitable<RegionFigures> figures();

    // `iam_home` is the store of the account log's home: this region's own, or another's that it
    // follows; then it adds its follower to `iam_copies`, which must outlive it.
    io::Task<> start(regions::WatchedStore& iam_home,
                     std::vector<regions::AccountFollower*>& iam_copies);
    // From now on the vault's jobs run, those first that were interrupted. Before the first
    // request.
    void begin_jobs(api::KeeperOf keeper_of);
    // Goes on with what pipelines were at. Call when the public API answers.
    io::Task<> resume_pipelines();
    // Ends every environment and build; requests of functions may be in progress still.
    asio::awaitable<void> stop_environments();
    // The same, and all background work; writes what is left of the logs.
    asio::awaitable<void> stop();

    [[nodiscard]] api::RegionServices services();
    [[nodiscard]] store::CodeStore& code() noexcept { return *code_; }

    // For a region that keeps no vault: what restorer() brings back comes from this one.
    void restore_from(vault::VaultKeeper& source);
    // Null without a vault.
    [[nodiscard]] vault::Restorer* restorer() noexcept { return restorer_.get(); }

  private:
    class Adapters;
    class Identities;

    Region(RegionHost host, model::RegionName name);
    Result<void> open_vault();
    [[nodiscard]] vault::Vault::Options vault_options(vault::GitRepository::Access access) const;
    void make_verifier();
    Result<void> make_pipelines();

    RegionHost host_;
    model::RegionName name_;
    std::filesystem::path directory_;
    std::unique_ptr<store::RecordSeal> seal_;
    std::unique_ptr<store::SqlStore> store_;
    std::unique_ptr<regions::WatchedStore> watched_store_;
    std::unique_ptr<store::FolderCodeStore> code_;
    std::unique_ptr<telemetry::LogStore> logs_;
    telemetry::InvocationMetrics metrics_;
    std::unique_ptr<api::CodeLocations> code_locations_;
    std::unique_ptr<Adapters> adapters_;
    std::unique_ptr<regions::ChangeSource> vault_region_log_;
    std::unique_ptr<regions::ChangeSource> vault_account_log_;
    std::unique_ptr<vault::VaultKeeper> vault_;  // null: it keeps none
    std::unique_ptr<vault::Restorer> restorer_;
    std::unique_ptr<repositories::Repositories> repositories_;
    std::unique_ptr<pipeline::Sources> pipeline_sources_;
    std::unique_ptr<pipeline::Runners> pipeline_runners_;
    std::unique_ptr<pipeline::Pipelines> pipelines_;
    std::unique_ptr<vault::Verifier> verifier_;
    std::unique_ptr<vault::BackupRunner> backups_;
    std::unique_ptr<vault::Jobs> jobs_;                  // null: it keeps no vault
    std::unique_ptr<regions::ChangeSource> iam_source_;  // of a region that is not the home
    std::unique_ptr<regions::AccountFollower> iam_follower_;
    std::unique_ptr<iam::AccountLog> account_log_;
    std::unique_ptr<Identities> identities_;
    std::unique_ptr<control::ControlPlane> control_;
    std::unique_ptr<invoke::Invoker> invoker_;
    std::unique_ptr<builds::Builds> builds_;
    io::TaskScope background_;
};

// Which hosted region may write IAM: the one that the account log names, or the first where there
// is no log yet (and it is written down). kUnavailable if the named one is not hosted here.
// There is one log for all accounts; `account` is whom a new one is written down for.
io::Task<Region*> find_iam_home(std::vector<std::unique_ptr<Region>> const& regions,
                                model::AccountId account);

}  // namespace meridian::bin
