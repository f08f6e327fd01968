#pragma once
// A lone value stands for a list of one almost everywhere in a policy.

#include <span>

#include <nlohmann/json.hpp>

namespace meridian::policy {

[[nodiscard]] inline std::span<nlohmann::json const> as_list(nlohmann::json const& value) {
    if (!value.is_array()) return {&value, 1};
    return value.get_ref<nlohmann::json::array_t const&>();
}

// A string, or a list of nothing but strings. It may be empty.
[[nodiscard]] inline bool is_strings(nlohmann::json const& value) {
    for (auto const& item : as_list(value)) {
        if (!item.is_string()) return false;
    }
    return true;
}

}  // namespace meridian::policy
