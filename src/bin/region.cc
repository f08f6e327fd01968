#include "bin/region.h"

#include <fmt/format.h>

#include "api/vault_jobs.h"
#include "base/assert.h"
#include "bin/key_file.h"
#include "bin/region_store.h"
#include "bin/scratch_region.h"
#include "bin/vault_copy.h"
#include "control/function_records.h"
#include "io/sleep.h"
#include "wire/arn.h"

namespace meridian::bin {
namespace {

// How long a long poll for IAM's log stays open.
constexpr auto kIamPollWait = std::chrono::seconds(20);
// What an IAM write waits for the other regions of this process. One that takes longer has it
// later, as on AWS, where IAM is eventually consistent.
constexpr auto kIamSpreadMax = std::chrono::seconds(2);
constexpr auto kVaultPollWait = std::chrono::seconds(20);
constexpr auto kCodeReapInterval = std::chrono::hours(1);

// Packages that no version needs any more are removed now and then.
io::Task<> reap_code(control::ControlPlane& control, store::Store& store, store::CodeStore& code,
                     Log& log) {
    for (;;) {
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kCodeReapInterval));
        auto used = co_await control.code_in_use();
        auto const of_rollouts = co_await api::packages_in_use(store);
        if (used && of_rollouts) {
            used->insert(used->end(), of_rollouts->begin(), of_rollouts->end());
        } else if (!of_rollouts) {
            used = std::unexpected(of_rollouts.error());
        }
        auto const done = used ? co_await code.remove_unused(std::move(*used))
                               : Result<void>(std::unexpected(used.error()));
        if (!done) {
            log.write(LogLevel::kWarn, "cannot remove unused packages",
                      {{"error", done.error().message}});
        }
    }
}

// IAM writes go to the home and are acknowledged when every region here has them: read your writes,
// at any endpoint.
class SharedAccountLog final : public iam::AccountLog {
  public:
    // `own` is null at home.
    SharedAccountLog(store::Store& home, std::vector<regions::AccountFollower*> const& copies,
                     regions::AccountFollower* own)
        : home_(home), copies_(copies), own_(own) {}

    io::Task<> write(store::Transaction transaction) override {
        MERIDIAN_CO_TRY(auto const sequence, co_await home_.commit(std::move(transaction)));
        auto const spread = co_await regions::wait_for_all(copies_, sequence, kIamSpreadMax);
        if (spread || !own_ || own_->position() >= sequence) co_return Result<void>{};
        co_return co_await own_->catch_up();
    }
    io::Task<> catch_up() override {
        if (!own_) co_return Result<void>{};
        co_return co_await own_->catch_up();
    }

  private:
    store::Store& home_;
    std::vector<regions::AccountFollower*> const& copies_;
    regions::AccountFollower* const own_;
};

store::Key iam_home_key(model::AccountId const& account) {
    return {account, store::Kind::kIamHome, "home"};
}

}  // namespace

// Who there is, as this region's copy of the account log says.
class Region::Identities final : public regions::AccountWatcher {
  public:
    explicit Identities(Region& region)
        : region_(region),
          directory(region.host_.log),
          authority(directory),
          credentials(region.host_.root_credentials, directory, region.host_.secrets),
          manager({directory, *region.account_log_, region.host_.secrets, region.host_.clock,
                   region.host_.random}),
          tokens({directory, authority, region.host_.secrets, region.host_.clock,
                  region.host_.random}) {
        region.watched_store_->watch_account(*this);
    }

    void on_account_changed(std::vector<store::Change> const& changes,
                            store::Sequence sequence) override {
        directory.apply(changes, sequence);
    }
    void on_account_in_doubt() override {
        region_.background_.spawn("read identities again",
                                  directory.read_again(*region_.watched_store_));
    }

  private:
    Region& region_;

  public:
    iam::Directory directory;
    iam::Authority authority;
    iam::KnownCredentials credentials;
    iam::IdentityManager manager;
    iam::SecurityTokens tokens;
};

// What the planes ask of each other, joined.
class Region::Adapters final : public control::FunctionObserver,
                               public invoke::FunctionCatalog,
                               public invoke::CodeSource,
                               public invoke::RoleCredentialSource,
                               public invoke::FunctionLogSink,
                               public builds::ToolSource,
                               public builds::Packages,
                               public control::ProvisionedEnvironments {
  public:
    explicit Adapters(Region& region) : region_(region) {}

    void on_version_changed(model::RunnableVersionPtr const& now) override {
        // The next invocation sees the new value; idle environments of the old one need not wait
        // for it.
        if (region_.invoker_) region_.invoker_->refresh(now);
    }
    void on_version_gone(model::AccountId const& account, model::FunctionName const& name,
                         model::Version const& version) override {
        if (region_.invoker_) region_.invoker_->retire(account, name, version);
    }
    void on_function_deleted(model::AccountId const& account,
                             model::FunctionName const& name) override {
        if (region_.invoker_) region_.invoker_->retire_all(account, name);
    }

    Result<model::RunnableVersionPtr> resolve(model::AccountId const& account,
                                              model::FunctionName const& name,
                                              model::Qualifier const& qualifier) override {
        auto const& control = *region_.control_;
        auto version = qualifier.value().empty() ? std::string(model::kLatest) : qualifier.value();
        if (auto const* const alias =
                control.aliases().published().find(account.value(), name.value(), version)) {
            version =
                control::version_of(control::choose_version(*alias, region_.host_.random)).value();
        }
        auto found = control.published().find(account.value(), name.value(), version);
        if (found) return found;
        auto const shown =
            qualifier.value().empty() ? model::Qualifier(model::kLatest) : qualifier;  // recorded
        return fail(
            Errc::kResourceNotFound,
            "Function not found: " + wire::function_arn(region_.name_, account, name, shown));
    }

    [[nodiscard]] invoke::ConcurrencyShare concurrency_share(
        model::AccountId const& account, model::FunctionName const& name,
        model::Version const& version) const override {
        auto const& control = *region_.control_;
        auto const& reserved = control.reserved_concurrency();
        auto const& provisioned = control.provisioned_concurrency();
        return {.reserved = reserved.find(account.value(), name.value()),
                .provisioned = provisioned.of_version(account, name, version),
                .provisioned_in_function = provisioned.total(account, name),
                .reserved_in_account =
                    reserved.total(account.value()) + provisioned.total_of_unreserved(account)};
    }

    void set(model::AccountId const& account, model::FunctionName const& function,
             model::Version const& version, std::uint32_t count) override {
        if (region_.invoker_) region_.invoker_->provision(account, function, version, count);
    }
    [[nodiscard]] Status status(model::AccountId const& account,
                                model::FunctionName const& function,
                                model::Version const& version) const override {
        auto const status = region_.invoker_->provisioned_status(account, function, version);
        return {.initialised = status.initialised, .init_failed = status.init_failed};
    }

    io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) override {
        return region_.code_->open_unpacked(std::move(sha256));
    }

    io::Task<model::CodeSha256> put(std::string zip) override {
        MERIDIAN_CO_TRY(auto stored, co_await region_.code_->put(std::move(zip)));
        co_return std::move(stored.sha256);
    }

    [[nodiscard]] Result<builds::Tools> open(std::string const& runtime) const override {
        auto const bundle = region_.host_.bundles.find(runtime);
        if (!bundle) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The runtime {} is not installed in {}, so nothing can be "
                                    "built for it: meridian runtime build {}.",
                                    runtime, region_.name_, runtime));
        }
        MERIDIAN_TRY(auto mounts, bundle->open_mounts());
        return builds::Tools{.mounts = std::move(mounts),
                             .links = bundle->links,
                             .environment = bundle->environment};
    }

    io::Task<io::UniqueFd> open_merged(std::vector<model::CodeSha256> packages) override {
        return region_.code_->open_merged(std::move(packages));
    }

    Result<invoke::RoleCredentials> assume_role(model::RunnableVersion const& function) override {
        auto const arn = wire::function_arn(region_.name_, function.account, function.name);
        MERIDIAN_TRY(auto made, region_.identities_->tokens.assume_for_function(
                                    function.account, function.version.settings.role_arn, arn,
                                    function.name.value()));
        return invoke::RoleCredentials{.access_key_id = made.access_key_id.value(),
                                       .secret_access_key = std::move(made.secret_access_key),
                                       .session_token = std::move(made.session_token)};
    }

    void append(model::AccountId const& account, std::string const& group,
                std::string const& stream, std::vector<telemetry::LogEvent> events) override {
        region_.logs_->append(telemetry::accounts_group(account, group), stream, events);
    }

  private:
    Region& region_;
};

Region::Region(RegionHost host, model::RegionName name)
    : host_(std::move(host)),
      name_(std::move(name)),
      metrics_(host_.clock),
      background_(host_.executor, host_.log) {}

Region::~Region() = default;

Result<std::unique_ptr<Region>> Region::open(RegionHost host, model::RegionName name,
                                             std::filesystem::path const& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    // Code, logs and environment variables are the owner's alone; sandboxes get theirs by
    // descriptor.
    if (!error) {
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    }
    if (error)
        return fail(Errc::kIo,
                    fmt::format("cannot make {}: {}", directory.string(), error.message()));
    std::unique_ptr<Region> region(new Region(std::move(host), std::move(name)));
    auto& shared = region->host_;
    region->directory_ = directory;
    region->seal_ = std::make_unique<store::RecordSeal>(shared.records_key, record_secret_members(),
                                                        shared.random, shared.log);
    MERIDIAN_TRY(region->store_, open_region_store(shared.store_url, region->name_, directory,
                                                   *region->seal_, shared.clock, shared.log));
    region->watched_store_ = std::make_unique<regions::WatchedStore>(*region->store_);
    MERIDIAN_TRY(region->code_,
                 store::FolderCodeStore::open(directory / "code", *region->store_, shared.pool,
                                              shared.clock, shared.log));
    region->logs_ =
        std::make_unique<telemetry::LogStore>(directory / "logs", shared.pool, shared.log);
    MERIDIAN_TRY(auto const key, load_or_create_key(directory / "region.key", shared.random));
    region->code_locations_ =
        std::make_unique<api::CodeLocations>(shared.clock, region->name_, key);
    region->adapters_ = std::make_unique<Adapters>(*region);
    auto const vault = directory / "vault.git";
    if (shared.vault_secrets != nullptr) {
        MERIDIAN_CHECK(region->open_vault());
    }
    MERIDIAN_TRY(region->repositories_,
                 repositories::Repositories::open(
                     {.directory = directory / "repositories",
                      .vault = region->vault_ ? std::optional(vault) : std::nullopt,
                      .git = shared.git,
                      .executor = shared.executor,
                      .pool = shared.pool,
                      .log = shared.log}));
    return region;
}

vault::Vault::Options Region::vault_options(vault::GitRepository::Access access) const {
    return {.directory = directory_ / "vault.git",
            .region = name_,
            .keys = host_.vault_secrets->keys,
            .secrets = vault_secret_members(),
            .recovery = host_.vault_secrets->recovery,
            .access = access};
}

Result<void> Region::open_vault() {
    MERIDIAN_TRY(
        auto opened,
        vault::Vault::open(vault_options(vault::GitRepository::Access::kWrite), host_.clock));
    vault_region_log_ =
        std::make_unique<regions::StoreChangeSource>(*watched_store_, store::LogName::kRegion);
    vault_account_log_ =
        std::make_unique<regions::StoreChangeSource>(*watched_store_, store::LogName::kAccount);
    vault_ = std::make_unique<vault::VaultKeeper>(
        std::move(opened),
        vault::VaultKeeper::Parts{
            .region_log = *vault_region_log_,
            .account_log = *vault_account_log_,
            .code = *code_,
            .reveal =
                [this](store::Change& change) { return reveal_for_vault(host_.secrets, change); },
            .open_reader =
                [this] {
                    return vault::Vault::open(vault_options(vault::GitRepository::Access::kRead),
                                              host_.clock);
                },
            .clock = host_.clock,
            .log = host_.log,
        });
    MERIDIAN_TRY(jobs_, vault::Jobs::open({.directory = directory_ / "jobs",
                                           .executor = host_.executor,
                                           .pool = host_.pool,
                                           .key = host_.records_key,
                                           .clock = host_.clock,
                                           .random = host_.random,
                                           .log = host_.log}));
    return {};
}

void Region::restore_from(vault::VaultKeeper& source) {
    restorer_ = std::make_unique<vault::Restorer>(vault::Restorer::Parts{
        .region = name_,
        .store = *watched_store_,
        .code = *code_,
        .put_packages =
            [this](std::vector<std::string> zips) { return code_->put_all(std::move(zips)); },
        .own = source,
        .write_account =
            [this](store::Transaction transaction) {
                return account_log_->write(std::move(transaction));
            },
        .reveal = [this](store::Change& change) { return reveal_for_vault(host_.secrets, change); },
        .conceal =
            [this](store::Change& change) {
                return conceal_from_vault(host_.secrets, host_.random, change);
            },
        .function_restored =
            [this](model::AccountId account, model::FunctionName function) {
                return control_->function_replicated(std::move(account), std::move(function));
            },
        .layers_restored = [this] { return control_->layers_replicated(); },
        .status_of =
            [this](auto const& account, auto const& function) {
                return control_->status_at_rest(account, function);
            },
        .secrets = vault_secret_members(),
        .clock = host_.clock,
        .log = host_.log,
    });
}

Result<void> Region::make_pipelines() {
    pipeline_sources_ = std::make_unique<RepositorySources>(*repositories_);
    MERIDIAN_TRY(pipeline_runners_,
                 ProcessRunners::open({.sessions = {.directory = identities_->directory,
                                                    .secrets = host_.secrets,
                                                    .clock = host_.clock,
                                                    .random = host_.random},
                                       .logs = *logs_,
                                       .clock = host_.clock,
                                       .executor = host_.executor,
                                       .region = name_,
                                       .endpoint = host_.endpoint,
                                       .directory = directory_ / "pipeline-runners",
                                       .pool = host_.pool}));
    pipelines_ = std::make_unique<pipeline::Pipelines>(
        pipeline::Pipelines::Parts{.store = *watched_store_,
                                   .sources = *pipeline_sources_,
                                   .runners = *pipeline_runners_,
                                   .clock = host_.clock,
                                   .log = host_.log,
                                   .executor = host_.executor});
    repositories_->on_pushed([this](repositories::RepositoryName const& pushed) {
        pipelines_->on_pushed(pushed.account, pushed.name);
    });
    return {};
}

io::Task<> Region::resume_pipelines() { return pipelines_->resume(); }

void Region::make_verifier() {
    verifier_ = std::make_unique<vault::Verifier>(vault::Verifier::Parts{
        .keeper = *vault_,
        .store = *watched_store_,
        .make_scratch =
            [this] { return make_scratch_region(host_, name_, directory_ / "scratch", *vault_); },
        .fetch_copy =
            [this](std::string const& remote) {
                auto const* const copy = vault::find_copy(host_.backup_plan, remote);
                MERIDIAN_ASSERT(copy != nullptr);  // whoever asks has looked it up
                return bin::fetch_copy(*copy, directory_ / "copy.git",
                                       host_.backup_plan.copy_time_max, host_.pool);
            },
        .open_copy =
            [this](std::filesystem::path const& copy) {
                auto options = vault_options(vault::GitRepository::Access::kRead);
                options.directory = copy;
                return vault::Vault::open(std::move(options), host_.clock);
            },
        .clock = host_.clock,
        .log = host_.log,
    });
    backups_ = std::make_unique<vault::BackupRunner>(
        host_.backup_plan, vault::BackupRunner::Parts{
                               .keeper = *vault_,
                               .verifier = *verifier_,
                               .push =
                                   [this](vault::BackupCopy copy, std::chrono::seconds time_max) {
                                       return push_vault(directory_ / "vault.git", std::move(copy),
                                                         time_max);
                                   },
                               .clock = host_.clock,
                               .log = host_.log,
                           });
}

io::Task<> Region::start(regions::WatchedStore& iam_home,
                         std::vector<regions::AccountFollower*>& iam_copies) {
    if (&iam_home != watched_store_.get()) {
        iam_source_ =
            std::make_unique<regions::StoreChangeSource>(iam_home, store::LogName::kAccount);
        iam_follower_ = std::make_unique<regions::AccountFollower>(*iam_source_, *watched_store_);
        MERIDIAN_CO_CHECK(co_await iam_follower_->catch_up());
        background_.spawn("follow IAM", iam_follower_->run(kIamPollWait, host_.log));
        iam_copies.push_back(iam_follower_.get());
    }
    account_log_ = std::make_unique<SharedAccountLog>(iam_home, iam_copies, iam_follower_.get());
    identities_ = std::make_unique<Identities>(*this);
    MERIDIAN_CO_CHECK(co_await identities_->directory.load(*watched_store_));
    control_ = std::make_unique<control::ControlPlane>(
        host_.executor, control::ControlPlane::Parts{
                            .region = name_,
                            .store = *watched_store_,
                            .roles = identities_->tokens,
                            .code = *code_,
                            .objects = host_.objects,
                            .runtimes = host_.runtimes,
                            .observer = *adapters_,
                            .provisioned = *adapters_,
                            .clock = host_.clock,
                            .random = host_.random,
                            .log = host_.log,
                            .account_concurrency = host_.invoker_options.account_concurrency,
                        });
    invoker_ = std::make_unique<invoke::Invoker>(
        invoke::EnvironmentServices{.executor = host_.executor,
                                    .clock = host_.clock,
                                    .random = host_.random,
                                    .log = host_.log,
                                    .sandboxes = host_.sandboxes,
                                    .code = *adapters_,
                                    .roles = *adapters_,
                                    .logs = *adapters_,
                                    .api = *host_.functions_api,
                                    .region = name_},
        *adapters_, host_.bundles, metrics_, host_.invoker_options);
    builds_ = std::make_unique<builds::Builds>(builds::BuildParts{.executor = host_.executor,
                                                                  .pool = host_.pool,
                                                                  .log = host_.log,
                                                                  .sandboxes = host_.sandboxes,
                                                                  .tools = *adapters_,
                                                                  .packages = *adapters_,
                                                                  .directory = directory_,
                                                                  .settings = host_.build_settings},
                                               host_.random);
    MERIDIAN_CO_CHECK(co_await control_->start());
    background_.spawn("environments", invoker_->run());
    background_.spawn("function logs", logs_->run());
    background_.spawn("metrics", metrics_.run());
    if (vault_) {
        restore_from(*vault_);
        make_verifier();
        background_.spawn("vault", vault_->follow(store::LogName::kRegion, kVaultPollWait));
        background_.spawn("backups", backups_->run());
        background_.spawn("vault of IAM", vault_->follow(store::LogName::kAccount, kVaultPollWait));
    }
    MERIDIAN_CO_CHECK(make_pipelines());
    background_.spawn("unused packages", reap_code(*control_, *watched_store_, *code_, host_.log));
    co_return Result<void>{};
}

void Region::begin_jobs(api::KeeperOf keeper_of) {
    if (!jobs_) return;
    jobs_->begin([services = *services().vault, keeper_of = std::move(keeper_of)](
                     vault::Job job, std::shared_ptr<vault::Progress> progress) {
        return api::run_job(services, keeper_of, std::move(job), std::move(progress));
    });
}

asio::awaitable<void> Region::stop_environments() {
    if (repositories_) co_await repositories_->stop();
    if (pipelines_) co_await pipelines_->stop();
    if (builds_) co_await builds_->stop();
    if (invoker_) co_await invoker_->stop();
}

asio::awaitable<void> Region::stop() {
    if (jobs_) co_await jobs_->stop();
    co_await stop_environments();
    if (control_) co_await control_->stop();
    co_await background_.stop();
    (void)co_await logs_->flush();
}

asio::awaitable<RegionFigures> Region::figures() {
    RegionFigures figures{.name = name_,
                          .environments = invoker_->environment_count(),
                          .metrics_bytes = metrics_.bytes(),
                          .metrics_kept = metrics_.minutes_kept()};
    if (vault_) {
        auto const [region, account] = vault_->position();
        figures.vault = vault::Position{.region = region, .account = account};
    }
    auto const region = co_await watched_store_->last_sequence(store::LogName::kRegion);
    auto const account = co_await watched_store_->last_sequence(store::LogName::kAccount);
    if (region && account) figures.store = vault::Position{.region = *region, .account = *account};
    co_return figures;
}

api::RegionServices Region::services() {
    return {.name = name_,
            .control = *control_,
            .iam = identities_->manager,
            .tokens = identities_->tokens,
            .directory = identities_->directory,
            .authority = identities_->authority,
            .credentials = identities_->credentials,
            .invoker = *invoker_,
            .logs = *logs_,
            .metrics = metrics_,
            .code = *code_locations_,
            .repositories = *repositories_,
            .pipelines = *pipelines_,
            .rollouts = {.store = *watched_store_, .code = *code_},
            .builds = {.builds = *builds_, .code = *code_},
            .vault = vault_ ? std::optional(api::VaultServices{*vault_, *restorer_, *verifier_,
                                                               *backups_, *jobs_, *watched_store_})
                            : std::nullopt};
}

io::Task<Region*> find_iam_home(std::vector<std::unique_ptr<Region>> const& regions,
                                model::AccountId account) {
    for (auto const& region : regions) {
        MERIDIAN_CO_TRY(auto const records,
                        co_await region->store().scan_all(store::Kind::kIamHome));
        if (records.empty()) continue;
        auto const home = records.front().value.value("region", "");
        for (auto const& candidate : regions) {
            if (candidate->name().value() == home) co_return candidate.get();
        }
        co_return fail(
            Errc::kUnavailable,
            fmt::format(
                "IAM's home is the region {}, which --regions does not name: it must be among them",
                home));
    }
    auto* const first = regions.front().get();
    auto const key = iam_home_key(account);
    store::Transaction transaction;
    transaction.caller = fmt::format("arn:aws:iam::{}:root", account);
    transaction.expectations.push_back({key, std::nullopt});
    transaction.changes.push_back(
        {key, nlohmann::json{{"format", 1}, {"region", first->name().value()}}});
    MERIDIAN_CO_CHECK(co_await first->store().commit(std::move(transaction)));
    co_return first;
}

}  // namespace meridian::bin
