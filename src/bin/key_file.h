#pragma once
// Small secrets in files that only their owner reads.

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace meridian::bin {

// The 32 random bytes in `path`; made at the first call. kCorrupt if the file is not 32 bytes.
Result<std::string> load_or_create_key(std::filesystem::path const& path, Random& random);

}  // namespace meridian::bin
