#pragma once
// A layer: numbered packages that functions find under /opt. Source: Developer Guide, "Managing
// Lambda dependencies with layers".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/code_package.h"
#include "model/names.h"

namespace meridian::model {

// Its ARN but for the region.
struct LayerVersionId {
    AccountId account;
    std::string layer;  // [a-zA-Z0-9-_]{1,140}
    std::uint64_t number = 0;

    bool operator==(LayerVersionId const&) const = default;
};

// What a function keeps of a layer version that it uses: enough to run when that is deleted.
struct LayerReference {
    LayerVersionId id;
    CodePackage code;

    bool operator==(LayerReference const&) const = default;
};

struct LayerVersion {
    LayerVersionId id;
    CodePackage code;
    std::string description = {};
    // Nothing where the request had none: then the API shows none.
    std::optional<std::vector<std::string>> compatible_runtimes = {};
    std::optional<std::vector<std::string>> compatible_architectures = {};
    std::optional<std::string> license_info = {};
    WallTime created{};

    bool operator==(LayerVersion const&) const = default;
};

}  // namespace meridian::model
