#pragma once
// A zip in the code store, as functions and layers name it.

#include <cstdint>

#include "model/names.h"

namespace meridian::model {

struct CodePackage {
    CodeSha256 sha256;
    std::uint64_t size_bytes = 0;  // of the zip

    bool operator==(CodePackage const&) const = default;
};

}  // namespace meridian::model
