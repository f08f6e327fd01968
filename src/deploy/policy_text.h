#pragma once
// Policy documents as IAM's API gives them. Pure; any thread.

#include <nlohmann/json.hpp>

namespace meridian::deploy {

// A document that is a text, percent-encoded perhaps, as JSON; everything else as it is.
[[nodiscard]] nlohmann::json policy_document(nlohmann::json const& given);

}  // namespace meridian::deploy
