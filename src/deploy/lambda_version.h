#pragma once
// What makes a published version differ from the function as it is to be. Pure; any thread.

#include <nlohmann/json.hpp>

namespace meridian::deploy {

// A version's property that the engine adds: what it holds.
inline constexpr char const* kPublishedContent = "PublishedContent";

// Of a function's canonical properties: {"CodeSha256"}, and {"Settings"} where any change of it is
// to publish. A hash that is not known yet is not there.
[[nodiscard]] nlohmann::json published_content(nlohmann::json const& function, bool with_settings);
// A member of it that stands for the code (AutoPublishCodeSha256).
inline constexpr char const* kPublishToken = "Token";

}  // namespace meridian::deploy
