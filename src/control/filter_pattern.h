#pragma once
// The patterns of FilterCriteria: EventBridge's event patterns, as event source mappings take them.
// Pure; any thread. Source: Developer Guide, "Filter rule syntax"; EventBridge User Guide, "Event
// pattern syntax".

#include <nlohmann/json.hpp>

namespace meridian::control {

// Whether it is one: an object that is not empty, whose members are such objects, or lists, not
// empty, of values and matchers ({"prefix": "a"}).
[[nodiscard]] bool is_filter_pattern(nlohmann::json const& pattern);

}  // namespace meridian::control
