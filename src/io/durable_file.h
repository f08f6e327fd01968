#pragma once
// A small file that is there whole, or as it was before, whatever happens meanwhile. Blocks; any
// thread.

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace meridian::io {

// Writes `bytes` so that after a crash the file is whole or absent: temporary file, fsync, rename,
// fsync of the directory. Mode 0600 unless told otherwise.
Result<void> write_file_durably(std::filesystem::path const& path, std::string_view bytes,
                                unsigned mode = 0600);

}  // namespace meridian::io
