#pragma once
// `meridian up`: prepares the data directory and becomes meridian-jailer, which starts meridiand.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace meridian::bin {

struct UpOptions {
    std::filesystem::path data;
    std::filesystem::path runtimes;      // of installed bundles
    std::vector<std::string> passed_on;  // meridiand's own options
};

// Returns only on failure.
Result<void> up(UpOptions const& options);

// The directory of installed runtime bundles: MERIDIAN_RUNTIMES, else the cache directory of root
// or of the user.
[[nodiscard]] std::filesystem::path default_runtimes_directory();

// A program of ours beside this one.
[[nodiscard]] std::filesystem::path sibling_program(char const* name);

}  // namespace meridian::bin
