#pragma once
// PutProvisionedConcurrencyConfig and its siblings: environments of an alias or version that are
// kept initialised. What stands here is what was asked for; the data plane keeps the environments
// and says how far it is. Held by ControlPlane; threads: its region's executor.
// Source: Developer Guide, "Configuring provisioned concurrency"; texts as recorded.
//
// The record: {"format":1, "requested":N, "last_modified_us":T}.

#include <cstdint>
#include <map>
#include <vector>

#include "control/aliases.h"
#include "control/function_directory.h"
#include "control/record_table.h"
#include "control/requests.h"
#include "control/reserved_concurrency.h"

namespace meridian::control {

// The data plane's side; bin/ plugs it in. Threads: the region's executor.
class ProvisionedEnvironments {
  public:
    virtual ~ProvisionedEnvironments() = default;
    // From now on this many environments of the version are kept initialised; 0 ends it.
    virtual void set(model::AccountId const& account, model::FunctionName const& function,
                     model::Version const& version, std::uint32_t count) = 0;
    struct Status {
        std::uint32_t initialised = 0;
        bool init_failed = false;  // the function's own fault
    };
    [[nodiscard]] virtual Status status(model::AccountId const& account,
                                        model::FunctionName const& function,
                                        model::Version const& version) const = 0;
};

struct ProvisionedConfig {
    std::uint32_t requested = 0;
    WallTime last_modified{};
};

struct ProvisionedConcurrencyCodec {
    using Value = ProvisionedConfig;
    static constexpr store::Kind kKind = store::Kind::kProvisionedConcurrency;
    [[nodiscard]] static nlohmann::json to_json(Value const& config);
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value);
};

// One configuration and how far the data plane is with it.
struct ProvisionedView {
    model::Qualifier qualifier = {};
    ProvisionedConfig config = {};
    ProvisionedEnvironments::Status status = {};
};

struct ListProvisionedRequest {
    model::FunctionName function = {};
    std::string marker = {};
    std::size_t max_items = 50;
};

struct ProvisionedPage {
    std::vector<ProvisionedView> configs = {};
    std::string next_marker = {};
};

class ProvisionedConcurrency {
  public:
    ProvisionedConcurrency(ResourceParts const& parts, Aliases const& aliases,
                           ReservedConcurrency const& reserved,
                           ProvisionedEnvironments& environments, std::uint32_t account_limit)
        : parts_(parts),
          aliases_(aliases),
          reserved_(reserved),
          environments_(environments),
          account_limit_(account_limit),
          table_(parts.store) {}

    // After Aliases::load().
    io::Task<> load();
    // The function's records were replaced in the store.
    io::Task<> read_again(model::AccountId account, model::FunctionName function);
    // The function, or one of its versions, is gone.
    void forget(model::AccountId const& account, model::FunctionName const& function);
    // An alias of the function points elsewhere: its environments are the other version's now.
    void alias_changed(model::AccountId const& account, model::FunctionName const& function);

    io::Task<ProvisionedView> put(Requester who, FunctionAndQualifier what,
                                  std::uint32_t requested);
    io::Task<ProvisionedView> get(Requester who, FunctionAndQualifier what);
    io::Task<ProvisionedPage> list(Requester who, ListProvisionedRequest request);
    // Deleting what is not there is done.
    io::Task<> remove(Requester who, FunctionAndQualifier what);

    // What the function's qualifiers ask for together.
    [[nodiscard]] std::uint32_t total(model::AccountId const& account,
                                      model::FunctionName const& function) const;
    // What one version is to have.
    [[nodiscard]] std::uint32_t of_version(model::AccountId const& account,
                                           model::FunctionName const& function,
                                           model::Version const& version) const;
    // What the account's functions ask for that have reserved nothing. No allocation where nothing
    // is provisioned.
    [[nodiscard]] std::uint32_t total_of_unreserved(model::AccountId const& account) const;

  private:
    using Counts = std::map<std::string, std::uint32_t>;  // qualifier → requested
    using FunctionId = std::pair<model::AccountId, model::FunctionName>;

    // The version that a qualifier means now; nothing for one that is no version and no alias.
    [[nodiscard]] std::optional<std::uint64_t> version_of_qualifier(
        model::AccountId const& account, model::FunctionName const& function,
        std::string const& qualifier) const;
    [[nodiscard]] Result<void> check_target(Requester const& who, FunctionAndQualifier const& what,
                                            char const* latest_text) const;
    [[nodiscard]] Result<void> check_room(Requester const& who, FunctionAndQualifier const& what,
                                          std::uint32_t requested) const;
    [[nodiscard]] ProvisionedView view(model::AccountId const& account,
                                       model::FunctionName const& function,
                                       Stored<ProvisionedConfig> const& stored) const;
    // Tells the data plane what the function's versions are to have.
    void apply(FunctionId const& function);
    io::Task<ProvisionedView> try_put(Requester who, FunctionAndQualifier what,
                                      std::uint32_t requested);
    io::Task<> try_remove(Requester who, FunctionAndQualifier what);

    ResourceParts const parts_;
    Aliases const& aliases_;
    ReservedConcurrency const& reserved_;
    ProvisionedEnvironments& environments_;
    std::uint32_t const account_limit_;
    RecordTable<ProvisionedConcurrencyCodec> table_;
    std::map<FunctionId, Counts> wanted_;
    std::map<FunctionId, std::map<std::uint64_t, std::uint32_t>> applied_;  // by version
};

}  // namespace meridian::control
