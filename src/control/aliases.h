#pragma once
// CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias. Held by ControlPlane; threads: its
// region's executor. Source: Developer Guide, "Lambda function aliases"; texts as recorded.

#include <functional>
#include <map>

#include "control/alias_records.h"
#include "control/function_directory.h"
#include "control/published_aliases.h"
#include "control/requests.h"

namespace meridian::control {

// AdditionalVersionWeights as the request has it: version → weight.
using VersionWeights = std::map<std::string, double>;

struct CreateAliasRequest {
    model::FunctionName function = {};
    std::string name = {};
    std::string version = {};
    std::string description = {};
    VersionWeights weights = {};
};

struct UpdateAliasRequest {
    model::FunctionName function = {};
    std::string name = {};
    std::optional<std::string> version = {};
    std::optional<std::string> description = {};
    std::optional<VersionWeights> weights = {};  // empty: back to one version
    std::optional<model::RevisionId> revision_id = {};
};

struct ListAliasesRequest {
    model::FunctionName function = {};
    std::string version = {};  // only aliases that mean this one
    std::string marker = {};
    std::size_t max_items = 50;
};

struct AliasPage {
    std::vector<model::Alias> aliases = {};
    std::string next_marker = {};
};

class Aliases {
  public:
    explicit Aliases(ResourceParts const& parts) : parts_(parts), table_(parts.store) {}

    // Called after each change of a function's aliases.
    std::function<void(model::AccountId const&, model::FunctionName const&)> on_change;

    // Publishes every alias of the store.
    io::Task<> load();
    // The function's records were replaced in the store.
    io::Task<> read_again(model::AccountId account, model::FunctionName function);
    // The function is gone.
    void forget(model::AccountId const& account, model::FunctionName const& function) {
        published_.remove_all(account, function);
    }
    [[nodiscard]] PublishedAliases const& published() const noexcept { return published_; }

    io::Task<model::Alias> create(Requester who, CreateAliasRequest request);
    io::Task<model::Alias> get(Requester who, model::FunctionName function, std::string name);
    io::Task<AliasPage> list(Requester who, ListAliasesRequest request);
    io::Task<model::Alias> update(Requester who, UpdateAliasRequest request);
    // Deleting what is not there is done.
    io::Task<> remove(Requester who, model::FunctionName function, std::string name);

  private:
    void publish(std::vector<Stored<model::Alias>> aliases);
    io::Task<model::Alias> try_create(Requester who, CreateAliasRequest request);
    io::Task<model::Alias> try_update(Requester who, UpdateAliasRequest request);
    io::Task<> try_remove(Requester who, model::FunctionName function, std::string name);
    // Writes `alias`, whose versions were checked, under the function as `stored` has it.
    io::Task<model::Alias> write(Requester who, StoredFunction stored, model::Alias alias,
                                 std::optional<store::Sequence> before);
    [[nodiscard]] Result<std::optional<model::AdditionalVersion>> read_weights(
        Requester const& who, model::FunctionName const& function, std::uint64_t version,
        VersionWeights const& weights) const;
    [[nodiscard]] std::string arn(Requester const& who, model::FunctionName const& function,
                                  std::string const& alias) const;

    ResourceParts const parts_;
    RecordTable<AliasCodec> table_;
    PublishedAliases published_;
};

}  // namespace meridian::control
