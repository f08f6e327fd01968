#pragma once
// Small function packages beside the records that name them. A commit that names one carries its
// bytes (Transaction::packages): one sync makes the name and the code durable. Larger packages are
// files (code_folder.h).
//
// A package that nothing names any more stays until remove_packages(). One that is carried again
// counts as new: whoever carries it may be about to name it.
//
// Threads: as store.h.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/task.h"
#include "model/names.h"

namespace meridian::store {

// What is smaller is carried; ours. A package is in memory while it waits for its commit, and is
// written twice, to the database's log and to its pages.
inline constexpr std::size_t kCarriedPackageBytesMax = 64 * 1024;

struct Package {
    model::CodeSha256 sha256;  // what its name says; whoever reads one compares
    std::string zip_bytes;
};

class PackageTable {
  public:
    virtual ~PackageTable() = default;

    // Nothing if no commit carried it, or it was removed. The bytes are as they were found.
    virtual io::Task<std::optional<std::string>> get_package(model::CodeSha256 sha256) = 0;

    // Those that no commit has carried since `before`.
    virtual io::Task<std::vector<model::CodeSha256>> old_packages(WallTime before) = 0;

    // Forgets these but for those that were carried since `before`.
    virtual io::Task<> remove_packages(std::vector<model::CodeSha256> packages,
                                       WallTime before) = 0;
};

}  // namespace meridian::store
