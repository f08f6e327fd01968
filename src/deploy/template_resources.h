#pragma once
// The Resources section: each resource's attributes read, its properties evaluated, SAM's resources
// expanded, what is foreign refused or skipped.
//
// Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include "deploy/template.h"
#include "deploy/template_draft.h"
#include "deploy/template_values.h"

namespace meridian::deploy {

// `resources` has its loops expanded.
[[nodiscard]] Result<void> draft_resources(Template const& source, Node const& resources,
                                           Evaluator& evaluator, Draft& draft);

}  // namespace meridian::deploy
