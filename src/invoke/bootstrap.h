#pragma once
// The executable that a provided runtime brings along. Source: Developer Guide, "OS-only runtimes":
// in the function's code, then in its layers.

#include <span>
#include <string>
#include <vector>

#include "sandbox/sandbox.h"

namespace meridian::invoke {

// The first of `paths` (as the sandbox will see them) that is an executable file in one of the
// `mounts`; empty if none is. Never leaves a mount, whatever links it holds. Blocks: a few stats of
// directories that are open.
[[nodiscard]] std::string find_bootstrap(std::vector<std::string> const& paths,
                                         std::span<sandbox::Mount const> mounts);

}  // namespace meridian::invoke
