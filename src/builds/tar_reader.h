#pragma once
// A tar archive from a stranger, as a list of what is in it: the pax form (POSIX.1-2001) that
// `tar --format=pax` writes, of which paths, link targets and sizes are understood.
//
// Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meridian::builds {

struct TarEntry {
    enum class Kind : std::uint8_t { kFile, kDirectory, kLink, kOther };
    Kind kind = Kind::kFile;
    std::string name;             // as it stands there: "./app.py"
    std::string target = {};      // of a link
    bool executable = false;      // for anybody
    std::string_view bytes = {};  // of a file, within the archive
};

// In the archive's order. kCorrupt for what is no tar, or is cut short.
[[nodiscard]] Result<std::vector<TarEntry>> read_tar(std::string_view archive,
                                                     std::size_t entries_max);

}  // namespace meridian::builds
