#pragma once
// When publishing makes a new version, and which. Pure; any thread.

#include <optional>

#include "model/function.h"

namespace meridian::control {

// Whether $LATEST is what it was when `last`, the newest version, was published. A description that
// was given to the publication alone does not count.
[[nodiscard]] bool unchanged_since(model::Function const& function,
                                   model::FunctionVersion const& last);

// Counts `function` up and returns $LATEST as the version of the new number.
[[nodiscard]] model::FunctionVersion next_version(model::Function& function,
                                                  std::optional<std::string> const& description,
                                                  model::RevisionIds const& revision);

}  // namespace meridian::control
