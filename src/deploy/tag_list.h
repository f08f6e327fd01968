#pragma once
// Tags: a list of {Key, Value} in templates, a map in Lambda's API. Pure; any thread.

#include <nlohmann/json.hpp>

namespace meridian::deploy {

// Sorted by key, so that their order never differs. What is no such list stays as it is.
[[nodiscard]] nlohmann::json sorted_tags(nlohmann::json tags);
[[nodiscard]] nlohmann::json tags_as_map(nlohmann::json const& tags);
[[nodiscard]] nlohmann::json tags_as_list(nlohmann::json const& map);

}  // namespace meridian::deploy
