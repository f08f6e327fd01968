#pragma once
// Whether a vault's repository has on disk what was written there, file by file: packs with their
// indexes, loose objects, references, HEAD and the configuration. Nothing is followed or believed,
// so that damage is found in what no current state needs, too.
//
// What it does not look at is what git does not read of a bare repository: `description`, `hooks/`,
// `info/`, settings that are not the vault's own, the first line of `packed-refs`, and the bits
// with which a compressed stream fills its last byte.
//
// Threads: any; blocks.

#include <filesystem>
#include <string>
#include <vector>

#include "vault/progress.h"
#include "vault/proof.h"

namespace meridian::vault {

// What is wrong, each with the file's name inside the repository and, where it is known, the
// object's. Of packs and loose objects those of `part` alone; the rest is small. None is read any
// more once `progress` says stop; it may be null.
[[nodiscard]] std::vector<std::string> check_repository(std::filesystem::path const& directory,
                                                        VerifyPart part = {},
                                                        Progress const* progress = nullptr);

}  // namespace meridian::vault
