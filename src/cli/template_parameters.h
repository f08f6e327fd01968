#pragma once
// A template's parameters as the command line has them. Pure.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace meridian::cli {

// Of "NAME=VALUE" each. kInvalidParameterValue for what is not.
[[nodiscard]] Result<std::map<std::string, std::string>> read_parameters(
    std::vector<std::string> const& given);

}  // namespace meridian::cli
