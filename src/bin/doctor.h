#pragma once
// `meridian doctor`: what this machine gives to the sandbox, what is weaker without it, and how to
// get it.

#include <filesystem>
#include <string>

namespace meridian::bin {

[[nodiscard]] std::string doctor(std::filesystem::path const& runtimes, bool json);

}  // namespace meridian::bin
