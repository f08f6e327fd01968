#pragma once
// Functions and their versions as the Store's JSON values, and their status as the region keeps it.
//
//   function  {"format":2, "name":…, "latest":VERSION, "tags":{…}, "last_version":N,
//   "last_published_description":…} version   {"format":2, "number":N, "version":VERSION} VERSION
//   {"settings":{…}, "code":{"sha256":…, "size_bytes":N}, "last_modified_us":N,
//              "revision":{"while_in_progress":…, "settled":…}}
//   status    {"format":2, "of_revision":…, "state":…, "last_update":…, reasons…, "serving":VERSION
//   or absent} epitaph   {"format":2, "last_version":N}     what a deleted function leaves behind
//   for ever
//
// The settings: settings_records.h. Format 2 adds to them; format 1 is read.
//
// A definition travels to other regions: ARNs of our own regional resources inside one carry a
// {region} slot. Today no setting holds one (a role's ARN names no region). Pure functions; any
// thread.

#include <optional>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "model/function.h"
#include "store/record_seal.h"
#include "store/store.h"

namespace meridian::control {

inline constexpr int kFunctionFormat = 2;

// The members that hold environment variables, in values and statuses: sealed at rest.
[[nodiscard]] std::vector<store::SecretMembers> secret_members();

[[nodiscard]] store::Key function_key(model::AccountId const& account,
                                      model::FunctionName const& name);
[[nodiscard]] store::Key version_key(model::AccountId const& account,
                                     model::FunctionName const& name, std::uint64_t number);
// The part of a version's id that all versions of the function share.
[[nodiscard]] std::string version_id_prefix(model::FunctionName const& name);

// 0 for $LATEST; nothing unless `version` is "$LATEST" or a number from 1 without leading zeros.
[[nodiscard]] std::optional<std::uint64_t> version_number(std::string_view version);
[[nodiscard]] model::Version version_of(std::uint64_t number);

// Their members are in order, as the JSON library writes them.
[[nodiscard]] store::JsonText function_to_text(model::Function const& function);
[[nodiscard]] store::JsonText version_to_text(model::FunctionVersion const& version);
[[nodiscard]] nlohmann::json epitaph_to_json(std::uint64_t last_version);

// Errors: kCorrupt, naming the record and, for a format from the future, what to do.
[[nodiscard]] Result<model::Function> function_from_record(store::Key const& key,
                                                           nlohmann::json const& value);
[[nodiscard]] Result<model::FunctionVersion> version_from_record(store::Key const& key,
                                                                 nlohmann::json const& value);
[[nodiscard]] Result<std::uint64_t> last_version_from_epitaph(store::Key const& key,
                                                              nlohmann::json const& epitaph);
// The function's name of a kFunctionVersion key.
[[nodiscard]] model::FunctionName function_name_of(store::Key const& version_key);

// A region's view of one definition.
struct VersionStatus {
    model::FunctionStatus status;
    // What runs until an update has settled, and after one that failed. Nothing: the definition
    // itself.
    std::optional<model::FunctionVersion> serving;

    bool operator==(VersionStatus const&) const = default;
};

[[nodiscard]] model::FunctionStatus pending_creation();
[[nodiscard]] model::FunctionStatus update_in_progress();
[[nodiscard]] model::FunctionStatus active();

// Whether nothing is left to do for it: neither Pending nor InProgress.
[[nodiscard]] bool is_settled(model::FunctionStatus const& status);

[[nodiscard]] store::JsonText status_to_text(VersionStatus const& status,
                                             model::FunctionVersion const& definition);
// What `value` says about `definition`. Null (a definition that arrived from elsewhere) reads as
// Pending; a status of an older definition as an update in progress.
[[nodiscard]] Result<VersionStatus> status_from_record(store::Key const& key,
                                                       nlohmann::json const& value,
                                                       model::FunctionVersion const& definition);

}  // namespace meridian::control
