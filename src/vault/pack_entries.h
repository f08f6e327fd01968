#pragma once
// What stands in a pack, entry by entry, without inflating it: packs of whole objects are joined
// into one by copying. Pure; any thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "vault/git_objects.h"

namespace meridian::vault {

// One object as it stands in a pack; a view into it.
struct PackedEntry {
    ObjectId id;
    std::string_view bytes;  // its header and its compressed data
    std::size_t header_bytes = 0;
    std::size_t object_bytes = 0;  // inflated
    std::uint32_t crc32 = 0;       // of `bytes`, checked
};

// By id. Errors: kCorrupt for a pack and an index that do not belong together or are damaged,
// kNotImplemented for a pack with deltas (git's own repack makes them) or of 2 GiB and more.
[[nodiscard]] Result<std::vector<PackedEntry>> read_pack_entries(std::string_view pack,
                                                                 std::string_view index);

}  // namespace meridian::vault
