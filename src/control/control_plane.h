#pragma once
// The control plane of one region: what CreateFunction and its siblings do. Each action stands in a
// file of its name. Every change is one Store transaction with expectations; a conflict reads again
// and decides again.
//
// bin/ builds one a region and owns it; call start() before anything else and stop() before it
// goes. Threads: belongs to its region's executor.

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "control/aliases.h"
#include "control/code_signing.h"
#include "control/event_invoke_configs.h"
#include "control/event_source_mappings.h"
#include "control/function_lifecycle.h"
#include "control/function_options.h"
#include "control/function_urls.h"
#include "control/layers.h"
#include "control/provisioned_concurrency.h"
#include "control/requests.h"
#include "control/reserved_concurrency.h"
#include "control/resource_policies.h"
#include "control/test_events.h"
#include "iam/security_tokens.h"
#include "model/limits.h"

namespace meridian::control {

class ControlPlane {
  public:
    // Everything here outlives the control plane.
    struct Parts {
        model::RegionName region;
        store::Store& store;
        iam::SecurityTokens const& roles;
        store::CodeStore& code;
        ObjectSource& objects;
        RuntimeCatalog const& runtimes;
        FunctionObserver& observer;
        ProvisionedEnvironments& provisioned;
        Clock const& clock;
        Random& random;
        Log& log;
        // What GetAccountSettings shows.
        std::uint32_t account_concurrency = model::limits::kAccountConcurrencyMax;
    };

    ControlPlane(asio::any_io_executor executor, Parts parts,
                 FunctionLifecycle::Options lifecycle = {});
    ControlPlane(ControlPlane const&) = delete;
    ControlPlane& operator=(ControlPlane const&) = delete;

    // Loads and publishes every function, and starts to finish what a stop left half-made.
    io::Task<> start();
    asio::awaitable<void> stop();

    [[nodiscard]] model::RegionName const& region() const noexcept { return parts_.region; }
    // For the data plane.
    [[nodiscard]] PublishedFunctions const& published() const noexcept { return published_; }
    [[nodiscard]] bool is_idle() const noexcept { return lifecycle_.is_idle(); }

    // How a function is: null while it is being prepared, or if there is none.
    [[nodiscard]] std::optional<model::FunctionStatus> status_at_rest(
        model::AccountId const& account, model::FunctionName const& name) const;

    // For whoever has written a function's records, and what hangs under it, past the control
    // plane: a follower of another region, a restore.
    io::Task<> function_replicated(model::AccountId account, model::FunctionName name);
    // The same of layers.
    io::Task<> layers_replicated();
    // Every package that some version needs, for CodeStore::remove_unused.
    io::Task<std::vector<model::CodeSha256>> code_in_use();

    // --- What hangs under functions, a class each ---
    [[nodiscard]] Aliases& aliases() noexcept { return aliases_; }
    [[nodiscard]] Aliases const& aliases() const noexcept { return aliases_; }
    [[nodiscard]] ResourcePolicies& resource_policies() noexcept { return resource_policies_; }
    [[nodiscard]] ReservedConcurrency& reserved_concurrency() noexcept { return reserved_; }
    [[nodiscard]] ReservedConcurrency const& reserved_concurrency() const noexcept {
        return reserved_;
    }
    [[nodiscard]] ProvisionedConcurrency const& provisioned_concurrency() const noexcept {
        return provisioned_;
    }
    [[nodiscard]] ProvisionedConcurrency& provisioned_concurrency() noexcept {
        return provisioned_;
    }

    [[nodiscard]] Layers& layers() noexcept { return layers_; }
    [[nodiscard]] CodeSigning& code_signing() noexcept { return code_signing_; }
    [[nodiscard]] FunctionUrls& function_urls() noexcept { return function_urls_; }
    [[nodiscard]] FunctionUrls const& function_urls() const noexcept { return function_urls_; }
    [[nodiscard]] TestEvents& test_events() noexcept { return test_events_; }
    [[nodiscard]] EventInvokeConfigs& event_invoke_configs() noexcept {
        return event_invoke_configs_;
    }
    [[nodiscard]] FunctionOptions& options() noexcept { return options_; }
    [[nodiscard]] EventSourceMappings& event_source_mappings() noexcept {
        return event_source_mappings_;
    }

    // --- Functions. Errors carry AWS's texts. ---
    io::Task<FunctionView> create_function(Requester who, CreateFunctionRequest request);
    io::Task<FunctionDetails> get_function(Requester who, FunctionAndQualifier what);
    io::Task<FunctionPage> list_functions(Requester who, ListFunctionsRequest request);
    io::Task<FunctionView> update_function_code(Requester who, UpdateFunctionCodeRequest request);
    io::Task<FunctionView> update_function_configuration(
        Requester who, UpdateFunctionConfigurationRequest request);
    io::Task<> delete_function(Requester who, FunctionAndQualifier what);
    io::Task<FunctionView> publish_version(Requester who, PublishVersionRequest request);
    io::Task<FunctionPage> list_versions_by_function(Requester who, ListVersionsRequest request);
    io::Task<AccountSettings> get_account_settings(Requester who);
    io::Task<> tag_function(Requester who, model::FunctionName name, model::Tags tags);
    io::Task<> untag_function(Requester who, model::FunctionName name,
                              std::vector<std::string> keys);
    io::Task<model::Tags> list_function_tags(Requester who, model::FunctionName name);
    // The bytes of a package, for code links.
    io::Task<std::string> get_code(model::CodeSha256 sha256);

  private:
    [[nodiscard]] std::string arn_of(
        model::AccountId const& account, model::FunctionName const& name,
        std::optional<model::Qualifier> const& qualifier = std::nullopt) const;
    [[nodiscard]] std::unexpected<Error> not_found(
        model::AccountId const& account, model::FunctionName const& name,
        std::optional<model::Qualifier> const& qualifier = std::nullopt) const;
    [[nodiscard]] model::RevisionIds new_revision();
    [[nodiscard]] FunctionView view_of(StoredFunction const& stored,
                                       bool qualified_arn = false) const;
    [[nodiscard]] FunctionView view_of(StoredFunction&& stored) const;
    [[nodiscard]] FunctionView view_of(StoredVersion const& stored) const;
    // Ends what the function's parts hold in memory, after its deletion.
    void forget_parts(model::AccountId const& account, model::FunctionName const& name);

    // kResourceNotFound with AWS's text where there is none.
    io::Task<StoredFunction> load(model::AccountId account, model::FunctionName name);
    // Whether a change may begin: the caller's RevisionId is the one shown, and nothing is in
    // progress.
    [[nodiscard]] Result<void> check_changeable(
        StoredFunction const& stored, std::optional<model::RevisionId> const& revision_id) const;
    // Whether Lambda may assume the role: kInvalidParameterValue with AWS's text.
    [[nodiscard]] Result<void> check_role(Requester const& who, std::string const& role_arn,
                                          model::FunctionName const& name) const;
    // Puts what a change's layer ARNs mean into it.
    io::Task<> resolve_layers(Requester who, SettingsChange* change);
    // Whether they are small enough together.

    // The status an update begins with: what ran before keeps running.
    [[nodiscard]] static VersionStatus updating(StoredFunction const& stored);

    // One try of each change; kConflict means that the record changed under it. `again`: a try has
    // conflicted, so that what stands there must be looked at.
    io::Task<FunctionView> try_create_function(Requester const& who,
                                               CreateFunctionRequest const& request,
                                               model::FunctionSettings const& settings,
                                               TakenPackage const& package, bool again);
    io::Task<FunctionView> try_update_function_code(Requester const& who,
                                                    UpdateFunctionCodeRequest const& request,
                                                    TakenPackage const& package);
    io::Task<FunctionView> try_update_function_configuration(
        Requester const& who, UpdateFunctionConfigurationRequest const& request);
    io::Task<> try_delete_function(Requester who, FunctionAndQualifier what);
    io::Task<> try_delete_version(Requester who, FunctionAndQualifier what);
    // Tombstones for everything that hangs under the function, or under one qualifier of it.
    io::Task<> add_removals(store::Transaction* to, model::AccountId account,
                            FunctionAndQualifier what);
    io::Task<FunctionView> try_publish_version(Requester who, PublishVersionRequest request);
    io::Task<> try_change_tags(Requester who, model::FunctionName name, model::Tags add,
                               std::vector<std::string> remove);

    Parts parts_;
    FunctionTable table_;
    PublishedFunctions published_;
    FunctionLifecycle lifecycle_;
    FunctionDirectory directory_;
    ResourceParts const resources_;
    Packages packages_;
    Layers layers_;
    CodeSigning code_signing_;
    Aliases aliases_;
    ResourcePolicies resource_policies_;
    ReservedConcurrency reserved_;
    ProvisionedConcurrency provisioned_;
    FunctionUrls function_urls_;
    EventInvokeConfigs event_invoke_configs_;
    TestEvents test_events_;
    FunctionOptions options_;
    EventSourceMappings event_source_mappings_;
};

}  // namespace meridian::control
