#pragma once
// An alias: a name for a version, or for two of them by weight. Source: Developer Guide, "Lambda
// function aliases".

#include <cstdint>
#include <optional>
#include <string>

#include "model/names.h"

namespace meridian::model {

struct AdditionalVersion {
    std::uint64_t version = 0;
    double weight = 0;  // 0 to 1: its share of the invocations

    bool operator==(AdditionalVersion const&) const = default;
};

struct Alias {
    std::string name;
    std::uint64_t version = 0;  // 0 is $LATEST
    std::string description = {};
    std::optional<AdditionalVersion> additional = {};
    RevisionId revision;

    bool operator==(Alias const&) const = default;
};

}  // namespace meridian::model
