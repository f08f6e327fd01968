#pragma once
// A resource policy as a document of statements. Pure; any thread. Source: texts as recorded.

#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace meridian::control {

[[nodiscard]] nlohmann::ordered_json empty_policy();
// The statement with this Sid; the end of the list where there is none.
[[nodiscard]] nlohmann::ordered_json::iterator statement_of(nlohmann::ordered_json& document,
                                                            std::string const& id);
// Errors: kResourceConflict (its Sid is taken), kPolicyLengthExceeded.
[[nodiscard]] Result<void> add_statement(nlohmann::ordered_json& document,
                                         nlohmann::ordered_json statement);

}  // namespace meridian::control
