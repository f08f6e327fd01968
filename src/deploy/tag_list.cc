#include "deploy/tag_list.h"

#include <algorithm>

namespace meridian::deploy {

using nlohmann::json;

json sorted_tags(json tags) {
    if (!tags.is_array()) return tags;
    for (auto& tag : tags) {
        if (!tag.is_object() || !tag.contains("Key") || !tag["Key"].is_string()) return tags;
        // A number that a parameter or YAML made of a value.
        if (tag.contains("Value") && !tag["Value"].is_string() && tag["Value"].is_primitive())
            tag["Value"] = tag["Value"].dump();
    }
    std::sort(tags.begin(), tags.end(),
              [](json const& left, json const& right) { return left["Key"] < right["Key"]; });
    return tags;
}

json tags_as_map(json const& tags) {
    json map = json::object();
    for (auto const& tag : tags) map[tag.value("Key", "")] = tag.value("Value", "");
    return map;
}

json tags_as_list(json const& map) {
    json tags = json::array();
    if (!map.is_object()) return tags;
    for (auto const& [key, value] : map.items()) tags.push_back({{"Key", key}, {"Value", value}});
    return tags;
}

}  // namespace meridian::deploy
