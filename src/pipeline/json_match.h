#pragma once
// Whether an answer is the one that was recorded. Pure; any thread.

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace meridian::pipeline {

enum class Match {
    kExact,
    kSubset,  // objects may have more members; lists have as many items
};

// Nothing: they match. Else what differs first, at which JSON pointer: "/a/0: 1 instead of 2".
[[nodiscard]] std::optional<std::string> difference(nlohmann::json const& expected,
                                                    nlohmann::json const& actual, Match match);

}  // namespace meridian::pipeline
