#pragma once
// AddPermission, GetPolicy, RemovePermission: who besides its account may use a function. Each
// qualifier has a policy of its own. Held by ControlPlane; threads: its region's executor.
// Source: Developer Guide, "Using resource-based policies"; texts as recorded.

#include <map>

#include "control/alias_records.h"
#include "control/function_directory.h"
#include "control/policy_statement.h"
#include "control/record_table.h"
#include "control/requests.h"

namespace meridian::control {

// The record: {"format":1, "document":TEXT}, the document as GetPolicy shows it.
struct ResourcePolicyCodec {
    using Value = nlohmann::ordered_json;
    static constexpr store::Kind kKind = store::Kind::kResourcePolicy;
    [[nodiscard]] static nlohmann::json to_json(Value const& document);
    [[nodiscard]] static Result<Value> from_record(store::Key const& key,
                                                   nlohmann::json const& value);
};

// A policy has no revision of its own: it is that of the function, version or alias it guards
// (recorded).
struct ResourcePolicy {
    nlohmann::ordered_json document;
    model::RevisionId revision;
};

struct AddPermissionRequest {
    FunctionAndQualifier what = {};
    PermissionRequest permission = {};
    std::optional<model::RevisionId> revision_id = {};
};

struct RemovePermissionRequest {
    FunctionAndQualifier what = {};
    std::string statement_id = {};
    std::optional<model::RevisionId> revision_id = {};
};

class ResourcePolicies {
  public:
    explicit ResourcePolicies(ResourceParts const& parts)
        : parts_(parts), table_(parts.store), aliases_(parts.store), functions_(parts.store) {}

    // Reads every policy of the store, for find().
    io::Task<> load();
    // The function's records were replaced in the store.
    io::Task<> read_again(model::AccountId account, model::FunctionName function);
    // The function is gone.
    void forget(model::AccountId const& account, model::FunctionName const& function);

    // The new statement's text.
    io::Task<std::string> add(Requester who, AddPermissionRequest request);
    io::Task<ResourcePolicy> get(Requester who, FunctionAndQualifier what);
    io::Task<> remove(Requester who, RemovePermissionRequest request);

    // The document that guards the function under this qualifier (empty: none), as text; null where
    // there is none. Holds until the next change. No I/O.
    [[nodiscard]] std::string const* find(std::string_view account, std::string_view function,
                                          std::string_view qualifier) const;

  private:
    // What a policy guards: its revision now, and how to write it with a new one.
    struct Target {
        model::RevisionId revision;
        store::Key key;
        store::Sequence sequence = 0;
        store::Value renewed;
        std::optional<store::Value> status;
    };
    // Nothing where there is no such version or alias; kResourceNotFound where there is no
    // function.
    io::Task<std::optional<Target>> find_target(Requester who, FunctionAndQualifier what);
    // Writes the policy (nothing: the last statement is gone) and renews the target.
    io::Task<> write(Requester who, FunctionAndQualifier what, Target target,
                     std::optional<nlohmann::ordered_json> document,
                     std::optional<store::Sequence> before);
    io::Task<std::string> try_add(Requester who, AddPermissionRequest request);
    io::Task<> try_remove(Requester who, RemovePermissionRequest request);
    void publish(model::AccountId const& account, std::string id, std::string document,
                 store::Sequence sequence);

    ResourceParts const parts_;
    RecordTable<ResourcePolicyCodec> table_;
    RecordTable<AliasCodec> aliases_;
    FunctionTable functions_;
    struct Published {
        std::string document;  // empty: gone
        store::Sequence sequence = 0;
    };
    // By account, then by record id.
    std::map<std::string, std::map<std::string, Published, std::less<>>, std::less<>> published_;
};

}  // namespace meridian::control
