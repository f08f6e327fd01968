#pragma once
// AWS's profile files: INI with [default] and [profile NAME] sections. Pure.

#include <map>
#include <string>
#include <string_view>

namespace meridian::cli {

using ProfileSection = std::map<std::string, std::string>;

// The settings of `profile` in the text of a credentials or config file; empty if it has none.
// Comments (# and ;) and nested values are skipped.
[[nodiscard]] ProfileSection read_profile(std::string_view text, std::string_view profile);

}  // namespace meridian::cli
