#include "pipeline/json_match.h"

#include <fmt/format.h>

#include "wire/shown_json.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;

// What is shown of a value.
constexpr std::size_t kShownBytesMax = 200;

std::string shown(json const& value) { return wire::shown_json(value, kShownBytesMax); }

std::optional<std::string> differ(json const& expected, json const& actual, Match match,
                                  json::json_pointer const& at) {
    auto const here = [&](std::string_view what) {
        auto const where = at.to_string();
        return fmt::format("{}: {}", where.empty() ? "the answer" : where, what);
    };
    if (expected.is_object() && actual.is_object()) {
        for (auto const& [name, value] : expected.items()) {
            if (!actual.contains(name)) return here(fmt::format("{} is missing", name));
            if (auto found = differ(value, actual[name], match, at / name)) return found;
        }
        if (match == Match::kSubset) return std::nullopt;
        for (auto const& [name, value] : actual.items()) {
            if (!expected.contains(name)) return here(fmt::format("{} was not expected", name));
        }
        return std::nullopt;
    }
    if (expected.is_array() && actual.is_array()) {
        if (expected.size() != actual.size())
            return here(fmt::format("{} items instead of {}", actual.size(), expected.size()));
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (auto found = differ(expected[i], actual[i], match, at / i)) return found;
        }
        return std::nullopt;
    }
    if (expected == actual) return std::nullopt;
    return here(fmt::format("{} instead of {}", shown(actual), shown(expected)));
}

}  // namespace

std::optional<std::string> difference(json const& expected, json const& actual, Match match) {
    return differ(expected, actual, match, json::json_pointer());
}

}  // namespace meridian::pipeline
