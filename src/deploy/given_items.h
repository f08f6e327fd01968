#pragma once
// Lists that several resources write to: an AWS::IAM::Policy also hangs under a role, for example.
// Pure; any thread.

#include "deploy/resource_type.h"

namespace meridian::deploy {

// Those of `found` that the wish has, or had when it was applied last, in its list `property`: the
// others are other resources'.
[[nodiscard]] nlohmann::json given_by(nlohmann::json const& found, Wish const& wish,
                                      char const* property);

}  // namespace meridian::deploy
