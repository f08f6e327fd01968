#pragma once
// Which resource a request is about, as an ARN. Pure but for the directory's paths; threads: the
// region's executor.

#include <optional>

#include <nlohmann/json.hpp>

#include "api/access_rules.h"
#include "auth/sigv4_verifier.h"
#include "iam/directory.h"
#include "wire/arn.h"

namespace meridian::api {

struct AccessedResource {
    std::string arn = "*";
    model::AccountId account = {};  // whose it is
    // Of a function, which may have a resource policy under its qualifier.
    std::optional<model::FunctionName> function = {};
    std::string qualifier = {};  // empty: the function itself, or $LATEST
};

struct RequestPlace {
    model::RegionName const& region;
    auth::Caller const& caller;
    iam::Directory const& directory;
};

// `input` has passed the API model's constraints. What names nothing that can be told is "*", for
// the action to refuse.
[[nodiscard]] AccessedResource accessed_resource(RequestPlace const& place, ResourceKind kind,
                                                 nlohmann::json const& input);

}  // namespace meridian::api
