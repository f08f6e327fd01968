#pragma once
// What a scalar of YAML is: a boolean, a number or a text.

#include <string_view>

#include "deploy/template_node.h"

namespace meridian::deploy {

// `tag` as yaml-cpp gives it: "?" for a plain scalar, "!" for a quoted one. Plain scalars follow
// YAML 1.1, CloudFormation's (yes, no, on and off are booleans), but for what its users are
// surprised by: digits after a leading zero (an account's id, a code) and base-60 numbers stay
// texts.
[[nodiscard]] Node yaml_scalar(std::string_view value, std::string_view tag, Mark mark);

}  // namespace meridian::deploy
