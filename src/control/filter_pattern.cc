#include "control/filter_pattern.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace meridian::control {

namespace {

using nlohmann::json;

bool is_comparison(json const& value) {
    constexpr std::string_view kOperators[] = {"=", "<", "<=", ">", ">="};
    return value.is_string() &&
           std::ranges::find(kOperators, value.get_ref<std::string const&>()) !=
               std::end(kOperators);
}

// ["<", 10] or [">", 0, "<=", 5].
bool is_numeric(json const& list) {
    if (!list.is_array() || (list.size() != 2 && list.size() != 4)) return false;
    for (std::size_t n = 0; n < list.size(); n += 2) {
        if (!is_comparison(list[n]) || !list[n + 1].is_number()) return false;
    }
    return true;
}

// "a", or {"equals-ignore-case": "a"}.
bool is_text(json const& value) {
    if (value.is_string()) return true;
    return value.is_object() && value.size() == 1 && value.begin().key() == "equals-ignore-case" &&
           value.begin()->is_string();
}

bool is_scalar(json const& value) { return value.is_primitive() && !value.is_discarded(); }

bool is_list_of(json const& value, bool (*is_element)(json const&)) {
    return value.is_array() && !value.empty() && std::ranges::all_of(value, is_element);
}

bool is_excluded(json const& value) {
    if (is_scalar(value) || is_list_of(value, is_scalar)) return true;
    if (!value.is_object() || value.size() != 1) return false;
    constexpr std::string_view kExcludable[] = {"prefix", "suffix", "equals-ignore-case",
                                                "wildcard"};
    auto const& inner = *value.begin();
    return std::ranges::find(kExcludable, value.begin().key()) != std::end(kExcludable) &&
           (is_text(inner) || is_list_of(inner, is_text));
}

bool is_matcher(json const& value) {
    if (is_scalar(value)) return true;
    if (!value.is_object() || value.size() != 1) return false;
    auto const& kind = value.begin().key();
    auto const& argument = *value.begin();
    if (kind == "exists") return argument.is_boolean();
    if (kind == "numeric") return is_numeric(argument);
    if (kind == "prefix" || kind == "suffix") return is_text(argument);
    if (kind == "equals-ignore-case" || kind == "wildcard" || kind == "cidr")
        return argument.is_string();
    return kind == "anything-but" && is_excluded(argument);
}

}  // namespace

// Its depth is what the JSON parser let through.
bool is_filter_pattern(json const& pattern) {
    if (!pattern.is_object() || pattern.empty()) return false;
    for (auto const& [name, value] : pattern.items()) {
        bool const good = name == "$or"       ? is_list_of(value, is_filter_pattern)
                          : value.is_object() ? is_filter_pattern(value)
                                              : is_list_of(value, is_matcher);
        if (!good) return false;
    }
    return true;
}

}  // namespace meridian::control
