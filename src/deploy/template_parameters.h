#pragma once
// The Parameters section: what a template asks for, and whether what was given is what it allows.
//
// Pure functions; any thread. Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include <map>
#include <string>
#include <vector>

#include "deploy/template.h"

namespace meridian::deploy {

// `section` is null where the template has none.
[[nodiscard]] Result<std::vector<TemplateParameter>> read_parameters(Node const* section);

// The value of every parameter: what was given, or its default. Errors: one that is missing, one
// that the template does not have, one that breaks a constraint. A NoEcho value is never quoted.
[[nodiscard]] Result<std::map<std::string, Node, std::less<>>> parameter_values(
    std::vector<TemplateParameter> const& parameters,
    std::map<std::string, std::string> const& given);

}  // namespace meridian::deploy
