#pragma once
// Fn::ForEach of AWS::LanguageExtensions: keys of a map that are made once for each value.
//
//   Fn::ForEach::Name:
//     - Stage                      the variable
//     - [dev, prod]                its values: a list, or a parameter that is one
//     - Function${Stage}: {...}    ${Stage}, &{Stage} (letters and digits of it) and !Ref Stage
//
// Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include "deploy/template_values.h"

namespace meridian::deploy {

// `node` with every loop in it expanded. Under limits: kTemplateNodesMax in all.
[[nodiscard]] Result<Node> expand_loops(Node node, Evaluator& evaluator);

}  // namespace meridian::deploy
