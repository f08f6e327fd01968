#pragma once
// What a deploy would do in one region: the difference between what a template comes to, what was
// applied last, and what stands. Pure; any thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "deploy/resource_type.h"
#include "deploy/stack.h"
#include "deploy/stack_record.h"

namespace meridian::deploy {

enum class ChangeAction : std::uint8_t {
    kNothing,
    kCreate,
    kUpdate,
    kReplace,  // a new one beside the old, which is removed in the end
    kRemove,
    kForget,  // stays, and is the stack's no more (DeletionPolicy Retain)
};
[[nodiscard]] std::string_view name_of(ChangeAction action) noexcept;

struct PropertyChange {
    std::string property;
    nlohmann::json before;  // null: none
    nlohmann::json after;   // with references where it is not known yet
    bool replaces = false;
};

struct PlannedChange {
    ChangeAction action = ChangeAction::kNothing;
    std::string logical_id;
    std::string type;
    // What stands; of a creation its name to be, or empty where the service chooses.
    std::string physical_id = {};
    // A replacement's name to be.
    std::string new_physical_id = {};
    nlohmann::json properties = nullptr;  // canonical, as wished; references may be in it
    std::vector<PropertyChange> changes = {};
    // What somebody changed by hand: from what was applied to what stands.
    std::vector<PropertyChange> drift = {};
    bool is_gone = false;  // somebody removed it by hand
    std::vector<std::string> depends_on = {};
    std::string deletion_policy = "Delete";
    bool generated_name = false;
    bool shared = false;
    // An alias whose traffic goes to the new version in steps.
    bool shifts = false;
    SourceMark mark = {};
};

struct Plan {
    // Creations and updates in the stack's order, then removals, what depends on others first.
    std::vector<PlannedChange> changes;

    [[nodiscard]] bool changes_nothing() const;
    [[nodiscard]] bool has_drift() const;
    [[nodiscard]] PlannedChange const* find(std::string_view logical_id) const;
};

// By logical id; nothing: it was looked for and is not there.
using StandingResources = std::map<std::string, std::optional<Standing>>;

// What is to be read before a plan: each resource of the record, and those to be created whose
// identity is known already.
[[nodiscard]] Result<std::vector<Wish>> wishes_to_read(Stack const& stack,
                                                       StackRecord const& record);

struct PlanInputs {
    // Its code packaged (package_set.h).
    Stack const& stack;
    StackRecord const& record;
    StandingResources const& standing;
    // Physical ids in IAM that this deploy's other regions own.
    std::set<std::string> shared = {};
};

// kInvalidParameterValue with file, line and column for what a template may not say, or what is
// somebody else's already.
[[nodiscard]] Result<Plan> make_plan(PlanInputs const& inputs);

// `value` with every reference replaced whose value is known.
[[nodiscard]] nlohmann::json resolve_known(nlohmann::json const& value,
                                           KnownAttributes const& known);

// What somebody changed by hand since, as a plan whose changes have only that.
[[nodiscard]] Plan find_drift(StackRecord const& record, StandingResources const& standing);

}  // namespace meridian::deploy
