#pragma once
// What the engine can do with one type of resource: read it as it stands, make it, change it,
// remove it. One small file a type; find_type() knows them.
//
// Properties are in canonical form (property_table.h) with every reference resolved and code as
// {"CodeSha256": …} (package_set.h). create() and remove() are idempotent: a step that was cut
// short is done again.
//
// Threads: the owner's executor. Everything in a Workbench outlives the call.

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "deploy/physical_name.h"
#include "deploy/property_table.h"
#include "deploy/service_calls.h"
#include "deploy/stack.h"

namespace meridian::deploy {

// The bytes of a package by its CodeSha256.
using PackageSource = std::function<io::Task<std::string>(std::string sha256)>;

struct Workbench {
    ServiceCalls calls;
    PackageSource package;
    std::string account;
};

struct Wish {
    std::string logical_id;
    std::string physical_id;  // empty: create() is to choose it
    std::string type = {};
    nlohmann::json properties;
    // As they were applied last; null: never.
    nlohmann::json before = nullptr;
};

struct Standing {
    std::string physical_id;
    nlohmann::json properties;
    ResourceAttributes attributes;
};

class ResourceType {
  public:
    virtual ~ResourceType() = default;

    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    [[nodiscard]] virtual PropertyTable properties() const noexcept = 0;
    // The property that names the resource; empty: the service or the engine chooses.
    [[nodiscard]] virtual std::string_view name_property() const noexcept { return {}; }
    // Whether the name identifies it: none other can be there beside it while it is replaced.
    [[nodiscard]] virtual bool is_unique_by_name() const noexcept { return false; }
    // Whether the service fills in what a template does not say, so that it is not compared.
    [[nodiscard]] virtual bool has_service_defaults() const noexcept { return false; }
    // Names in IAM are one account's in all regions.
    [[nodiscard]] virtual bool is_global() const noexcept { return false; }

    // canonical(), and whatever else means the same. The properties may hold references.
    [[nodiscard]] virtual Result<nlohmann::json> normalise(nlohmann::json const& given) const {
        return canonical(properties(), given);
    }
    // Whether the wished value of a property is what stands.
    [[nodiscard]] virtual bool same(std::string_view property, nlohmann::json const& wished,
                                    nlohmann::json const& standing) const {
        return wished == standing;
    }

    // Nothing: there is none.
    virtual io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const = 0;
    virtual io::Task<Standing> create(Workbench& bench, Wish wish) const = 0;
    // `standing` is what read() found.
    virtual io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const = 0;
    virtual io::Task<> remove(Workbench& bench, Wish gone) const = 0;
};

// Null for a type that is not ours.
[[nodiscard]] ResourceType const* find_type(std::string_view name) noexcept;

// One a file; find_type() lists them.
[[nodiscard]] ResourceType const& lambda_function_type() noexcept;
[[nodiscard]] ResourceType const& lambda_version_type() noexcept;
[[nodiscard]] ResourceType const& lambda_alias_type() noexcept;
[[nodiscard]] ResourceType const& lambda_permission_type() noexcept;
[[nodiscard]] ResourceType const& lambda_event_source_mapping_type() noexcept;
[[nodiscard]] ResourceType const& lambda_layer_version_type() noexcept;
[[nodiscard]] ResourceType const& lambda_url_type() noexcept;
[[nodiscard]] ResourceType const& lambda_event_invoke_config_type() noexcept;
[[nodiscard]] ResourceType const& iam_role_type() noexcept;
[[nodiscard]] ResourceType const& iam_policy_type() noexcept;
[[nodiscard]] ResourceType const& iam_managed_policy_type() noexcept;
[[nodiscard]] ResourceType const& cloudwatch_alarm_type() noexcept;

// What read() finds after a create or an update; kInternal if it is gone.
io::Task<Standing> read_again(ResourceType const& type, Workbench& bench, Wish wish);

}  // namespace meridian::deploy
