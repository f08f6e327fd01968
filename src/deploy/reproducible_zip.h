#pragma once
// A function package whose bytes depend on its files alone: entries sorted by name, times and modes
// fixed, the same compression. So the same sources have the same CodeSha256, on any machine with
// the same zlib.
//
// Threads: any; it deflates.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meridian::deploy {

struct PackageFile {
    std::string name;  // from the package's root, with '/' between
    std::string bytes;
    bool executable = false;

    bool operator==(PackageFile const&) const = default;
};

// Errors: kInvalidParameterValue for names that leave the package or stand twice, no files at all,
// and more bytes than AWS takes (model/limits.h).
[[nodiscard]] Result<std::string> make_package(std::vector<PackageFile> const& files);

// The same of bytes that lie elsewhere, and with symbolic links, whose bytes are their targets.
struct PackageEntry {
    enum class Kind : std::uint8_t { kFile, kExecutable, kLink };
    std::string name;
    std::string_view bytes;
    Kind kind = Kind::kFile;
};
[[nodiscard]] Result<std::string> make_package_of(std::vector<PackageEntry> entries);

}  // namespace meridian::deploy
