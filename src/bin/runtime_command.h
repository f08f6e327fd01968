#pragma once
// `meridian runtime list` and `meridian runtime build NAME`: the recipes of runtimes/ and what is
// installed.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace meridian::bin {

// One line a runtime: its name, "installed" or "not installed", and its version.
Result<std::string> list_runtimes(std::filesystem::path const& installed);

// Runs the recipe of `name`, which installs the bundle. Returns the recipe's exit status.
Result<int> build_runtime(std::string const& name, std::filesystem::path const& installed);

}  // namespace meridian::bin
