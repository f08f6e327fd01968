#pragma once
// Whose names commits of a vault bear. Pure; any thread.

#include <string>

#include "base/clock.h"
#include "model/names.h"
#include "vault/git_objects.h"

namespace meridian::vault {

// The part of an ARN that says who: "user/alice".
[[nodiscard]] inline std::string who_of(std::string const& caller) {
    if (!caller.starts_with("arn:")) return caller.empty() ? "meridian" : caller;
    return caller.substr(caller.rfind(':') + 1);
}

[[nodiscard]] inline Signature person(std::string const& caller, WallTime time) {
    return {.name = who_of(caller), .email = caller, .time = time};
}

[[nodiscard]] inline Signature keeper(model::RegionName const& region, WallTime time) {
    return {.name = "Meridian", .email = region.value(), .time = time};
}

}  // namespace meridian::vault
