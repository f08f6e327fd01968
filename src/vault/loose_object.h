#pragma once
// Git's loose objects: a file each, "TYPE SIZE\0CONTENTS" compressed by zlib. They are read here
// and not by libgit2, which believes the size that it finds there and writes beyond its memory
// where that is wrong (1.5.1). Pure; any thread.

#include <string>
#include <string_view>

#include "vault/git_objects.h"

namespace meridian::vault {

// What a part of a package can be, and more.
inline constexpr std::size_t kLooseObjectBytesMax = 512UL * 1024 * 1024;

struct LooseObject {
    ObjectType type = ObjectType::kBlob;
    std::string bytes;
};
// Of a whole file. Whether it is what its name says, object_id() tells. kCorrupt.
[[nodiscard]] Result<LooseObject> parse_loose_object(std::string_view file);

}  // namespace meridian::vault
