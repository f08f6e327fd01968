#pragma once
// What a build has left, as a package: plain files, executable or not, and links that stay inside.
//
// Pure; any thread. It deflates: a second or so for 250 MB.

#include <string>
#include <string_view>

#include "base/result.h"

namespace meridian::builds {

// `tar` is what collect_command() wrote. The same files give the same bytes, whenever and by whom
// they were made. Errors: kInvalidParameterValue with what is wrong, by its name; kCorrupt.
[[nodiscard]] Result<std::string> package_artifacts(std::string_view tar);

}  // namespace meridian::builds
