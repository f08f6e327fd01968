#pragma once
// The properties of a resource type as data, and the one form that all of them are compared in:
// defaults filled in, numbers that a parameter gave as text as numbers, nothing that means the same
// written in two ways. Pure; any thread.

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::deploy {

enum class Form : std::uint8_t { kText, kInteger, kBoolean, kObject, kList, kAny };

struct Property {
    std::string_view name;
    Form form = Form::kText;
    // JSON; empty: without a value where none is given.
    std::string_view default_value = {};
    bool replaces = false;  // a new value makes a new resource
    bool required = false;
};
using PropertyTable = std::span<Property const>;

// Whether a value is {"Ref": …} or {"Fn::…": …}, which has no value yet.
[[nodiscard]] bool is_reference(nlohmann::json const& value);
// Whether there is none in it.
[[nodiscard]] bool is_resolved(nlohmann::json const& value);

// The value as the form has it ("128" is 128); references as they are. `what` names it in the
// error, kInvalidParameterValue.
[[nodiscard]] Result<nlohmann::json> coerce(Form form, nlohmann::json const& value,
                                            std::string_view what);

// Every property with its value or its default. kInvalidParameterValue for a property that the
// table does not have, a required one that is missing, and a value of another form.
[[nodiscard]] Result<nlohmann::json> canonical(PropertyTable table, nlohmann::json const& given);

[[nodiscard]] Property const* find_property(PropertyTable table, std::string_view name);
[[nodiscard]] nlohmann::json default_of(Property const& property);

}  // namespace meridian::deploy
