#pragma once
// SAM's Globals section: what every function (and layer) of a template shares.
//
// Pure functions; any thread. Errors: kInvalidParameterValue, "LINE:COLUMN: text".
// Source: aws/serverless-application-model, docs/globals.rst and samtranslator/plugins/globals
// (DOC).

#include <string_view>

#include "deploy/template_node.h"

namespace meridian::deploy {

// Whether the section holds only what Globals may. `globals` may be null.
[[nodiscard]] Result<void> check_globals(Node const* globals);

// The properties of a resource of `type` with the section's under them: maps merge, lists are
// appended to the section's, anything else replaces it; an intrinsic function is one value.
// `ignore` is the resource's IgnoreGlobals: "*" or a list of names; null where it has none.
[[nodiscard]] Result<Node> merge_globals(Node const* globals, std::string_view type,
                                         Node properties, Node const* ignore);

}  // namespace meridian::deploy
