#pragma once
// From what a function is at the target to what it shall be, with the same version numbers. Pure.
//
// Versions are made in order: $LATEST becomes what version N is, and is published. A number that
// the source no longer has is given to a filler, which is deleted when a later one stands: so the
// newest version is always there, and its number tells an interrupted import where it was.
// PublishVersion makes no new version of what the newest one is already; neighbours differ, and
// where only their descriptions do, $LATEST gets the description first.

#include <optional>

#include "transfer/steps.h"

namespace meridian::transfer {

// Description of a version that only takes a number.
inline constexpr char const* kFillerDescription =
    "Filler of meridian import: a number that the source no longer has";

struct FunctionPlanOptions {
    // Event source mappings poll as at the source; otherwise new ones are disabled and others stay
    // as they are.
    bool enable_mappings = false;
    // Variables whose values were withheld and that the target does not have are left out.
    bool without_environment = false;
};

[[nodiscard]] Unit plan_function(FunctionRecord wanted,
                                 std::optional<FunctionRecord> const& current,
                                 FunctionPlanOptions options);

}  // namespace meridian::transfer
