#pragma once
// What an import does, as requests that are decided before the first is sent. Values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "transfer/inventory.h"

namespace meridian::transfer {

// One difference between what stands at the target and what is wanted.
struct FieldChange {
    std::string path;  // "/Timeout", as JSON pointers are written
    nlohmann::json from;
    nlohmann::json to;

    bool operator==(FieldChange const&) const = default;
};

struct Step {
    enum class Kind { kCreate, kUpdate, kRemove };
    Kind kind = Kind::kCreate;
    std::string what;  // "version 3", "alias live"
    std::vector<FieldChange> changes = {};

    // A request of Lambda, or an action of IAM, where `action` is not empty.
    std::string method = {};
    std::string target = {};
    std::string action = {};
    nlohmann::json body = nullptr;

    // A package that the body takes, in base64, at this JSON pointer.
    std::optional<CodeRef> code = {};
    std::string code_at = {};
    // The number that the answer's Version must be.
    std::uint64_t version = 0;
    // Wait afterwards until this qualifier of the unit's function is ready.
    std::string settle = {};
    // What follows makes no sense without this.
    bool vital = false;
    // The answer names an ARN that stands for this one in all later requests.
    std::string binds = {};
};

// What happens to one function, layer, role, policy or code signing config.
struct Unit {
    std::string subject;   // "function hello"
    std::string function;  // the function's name, or empty
    bool exists = false;   // at the target, before
    std::vector<Step> steps = {};
    // What cannot be made the same, each in a sentence; the steps are done all the same.
    std::vector<std::string> conflicts = {};
    // Why nothing is done at all; `steps` is empty then.
    std::string refused = {};
    std::vector<std::string> notes = {};  // what is otherwise worth knowing

    [[nodiscard]] bool same() const noexcept {
        return steps.empty() && conflicts.empty() && refused.empty();
    }
};

// The differences of two values, objects member by member. Values below a member that is named in
// `secret` are shown as "(hidden)".
[[nodiscard]] std::vector<FieldChange> differences(nlohmann::json const& from,
                                                   nlohmann::json const& to);

// "  create version 3", with the changes below; for people.
[[nodiscard]] std::string step_text(Step const& step);
[[nodiscard]] std::string unit_text(Unit const& unit);
[[nodiscard]] nlohmann::json unit_json(Unit const& unit);

}  // namespace meridian::transfer
