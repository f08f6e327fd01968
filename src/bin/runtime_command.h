#pragma once
// `meridian runtime list` and `meridian runtime build NAME`: the recipes of runtimes/ and what is
// installed.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "cli/meridian_api.h"

namespace meridian::bin {

// One line a runtime: its name, "installed" or "not installed", and its version; or the same as a
// JSON object.
Result<std::string> list_runtimes(std::filesystem::path const& installed, bool as_json);

// Runs the recipe of `name`, which installs the bundle. Returns the recipe's exit status. With
// output.json what the recipe says goes to standard error. On a dry run the recipe is only looked
// for. kResourceNotFound: there is none.
Result<int> build_runtime(std::string const& name, std::filesystem::path const& installed,
                          cli::Output const& output);

}  // namespace meridian::bin
