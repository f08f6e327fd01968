#pragma once
// What a restore would do: the difference between what a vault's commit says and what a region has,
// as whole values with the sequences they replace, so that somebody else's change meanwhile is
// noticed. Pure; any thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/record_seal.h"
#include "store/store.h"
#include "vault/vault.h"

namespace meridian::vault {

struct RestoreScope {
    model::AccountId account;
    // This one and what hangs under it; nothing: all of the account, its roles and policies, too.
    std::optional<model::FunctionName> function = {};
    // Also removes what the commit does not have. Published versions stay all the same: their
    // numbers and their code may be in use somewhere.
    bool exact = false;
    model::RegionName from_region = {};
    model::RegionName into_region = {};
    // Texts inside values and what they become, in order; ARNs of our own in the vault's region
    // name the target's anyway.
    std::vector<std::pair<std::string, std::string>> map = {};
    // Whose values a plan does not show.
    std::vector<store::SecretMembers> secrets = {};
};

// A member of a record that a restore would change.
struct MemberChange {
    std::string path;  // a JSON pointer
    // Nothing: it is not there. A secret's are not here at all.
    std::optional<nlohmann::json> before = {};
    std::optional<nlohmann::json> after = {};
    bool secret = false;
    // Follows from every change, and says nothing of this one: when it was, its revision.
    bool bookkeeping = false;
};

// What a region has now.
struct RegionState {
    std::vector<store::Record> records;
    std::map<store::Key, nlohmann::json> epitaphs;  // of functions and layers that are gone
};

struct PlannedChange {
    enum class Action : std::uint8_t { kCreate, kChange, kDelete, kRemember };
    Action action = Action::kCreate;
    store::Change change;
    std::optional<store::Sequence> replaces = {};
    std::vector<MemberChange> members = {};  // of a kChange
};

struct RestorePlan {
    // A function's stand together, layers before functions, mappings after them.
    std::vector<PlannedChange> changes = {};
    std::vector<std::string> packages = {};        // that the changes name, digests in hex
    std::set<model::FunctionName> functions = {};  // that are to be there, changed or not
    std::size_t unchanged = 0;
    // What will not be as it was, in words.
    std::vector<std::string> warnings = {};
};

[[nodiscard]] RestorePlan plan_restore(std::vector<KeptRecord> kept, RegionState const& now,
                                       RestoreScope const& scope);

// "create function hello", "change alias hello:live", …
[[nodiscard]] std::string describe(PlannedChange const& change);
// Of a record that belongs to a function (itself, a version, an alias, …).
[[nodiscard]] std::optional<model::FunctionName> function_of(store::Key const& key);

}  // namespace meridian::vault
