#pragma once
// Layers: PublishLayerVersion, GetLayerVersion, ListLayers, ListLayerVersions, DeleteLayerVersion,
// the permissions of a version, and what a function's Layers mean. Held by ControlPlane; threads:
// its region's executor. Source: Developer Guide, "Managing Lambda dependencies with layers"; texts
// as recorded.
//
// A version that is deleted lives on in the functions that use it: they keep its package's hash.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "control/layer_records.h"
#include "control/packages.h"
#include "control/policy_statement.h"
#include "control/record_table.h"
#include "control/requests.h"

namespace meridian::control {

struct PublishLayerVersionRequest {
    std::string layer = {};
    PackageInput package = {};
    std::string description = {};
    std::optional<std::vector<std::string>> compatible_runtimes = {};
    std::optional<std::vector<std::string>> compatible_architectures = {};
    std::optional<std::string> license_info = {};
};

// Which versions a listing is about, and where it goes on.
struct ListLayersRequest {
    std::optional<std::string> compatible_runtime = {};
    std::optional<std::string> compatible_architecture = {};
    std::string marker = {};
    std::size_t max_items = 50;
};

struct LayerVersionPage {
    std::vector<model::LayerVersion> versions = {};
    std::string next_marker = {};  // empty: that was all
};

struct AddLayerPermissionRequest {
    model::LayerVersionId what = {};
    PermissionRequest permission = {};
    std::optional<model::RevisionId> revision_id = {};
};

struct RemoveLayerPermissionRequest {
    model::LayerVersionId what = {};
    std::string statement_id = {};
    std::optional<model::RevisionId> revision_id = {};
};

struct AddedLayerPermission {
    std::string statement;  // its text
    model::RevisionId revision;
};

class Layers {
  public:
    struct Parts {
        model::RegionName region;
        store::Store& store;
        Packages& packages;
        Clock const& clock;
        Random& random;
        Log& log;
    };
    explicit Layers(Parts parts)
        : parts_(std::move(parts)), layers_(parts_.store), versions_(parts_.store) {}

    // Adds up what stands in the store.
    io::Task<> load();
    // Of every live version of the account's layers.
    [[nodiscard]] std::uint64_t code_bytes(model::AccountId const& account) const;
    // The packages of every live version, in all accounts.
    io::Task<std::vector<model::CodeSha256>> code_in_use();

    io::Task<model::LayerVersion> publish(Requester who, PublishLayerVersionRequest request);
    // kResourceNotFound; kAccessDenied for another account's that is not shared.
    io::Task<model::LayerVersion> get(Requester who, model::LayerVersionId what);
    // The newest matching version of each layer, by name.
    io::Task<LayerVersionPage> list(Requester who, ListLayersRequest request);
    // Newest first; none where there is no such layer.
    io::Task<LayerVersionPage> list_versions(Requester who, std::string layer,
                                             ListLayersRequest request);
    // Deleting what is not there is done.
    io::Task<> remove(Requester who, model::LayerVersionId what);

    io::Task<AddedLayerPermission> add_permission(Requester who, AddLayerPermissionRequest request);
    io::Task<LayerPolicy> get_policy(Requester who, model::LayerVersionId what);
    io::Task<> remove_permission(Requester who, RemoveLayerPermissionRequest request);

    // What a function's Layers name. Errors: kInvalidParameterValue, kAccessDenied, with AWS's
    // texts.
    io::Task<std::vector<model::LayerReference>> resolve(Requester who,
                                                         std::vector<std::string> arns);

  private:
    [[nodiscard]] std::string arn(model::LayerVersionId const& what) const;
    io::Task<std::optional<Stored<LayerVersionRecord>>> find(model::LayerVersionId what);
    // kResourceNotFound with the text that permissions have.
    io::Task<Stored<LayerVersionRecord>> load_version(model::LayerVersionId what);
    io::Task<std::vector<Stored<LayerVersionRecord>>> all_versions(model::AccountId account,
                                                                   std::string layer);
    // The version, or nothing, for whoever may see it; kAccessDenied for the others.
    io::Task<std::optional<model::LayerVersion>> find_for(Requester who,
                                                          model::LayerVersionId what);
    io::Task<model::LayerVersion> try_publish(Requester who, model::LayerVersion version,
                                              TakenPackage package);
    io::Task<> try_remove(Requester who, model::LayerVersionId what);
    io::Task<AddedLayerPermission> try_add(Requester who, AddLayerPermissionRequest request);
    io::Task<> try_remove_permission(Requester who, RemoveLayerPermissionRequest request);

    Parts const parts_;
    RecordTable<LayerCodec> layers_;
    RecordTable<LayerVersionCodec> versions_;
    std::map<model::AccountId, std::uint64_t> code_bytes_;
};

// Whether the policy lets `who`, of another account, use the layer version. Conditions (of an
// organization) never hold: there are no organizations here. Pure.
[[nodiscard]] bool allows(LayerPolicy const& policy, Requester const& who);

}  // namespace meridian::control
