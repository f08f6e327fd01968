#pragma once
// JSON values as people see them. Pure; any thread.

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace meridian::wire {

// On one line; what is longer than `bytes_max` ends with "…" there, within no character.
[[nodiscard]] std::string shown_json(nlohmann::json const& value, std::size_t bytes_max);

}  // namespace meridian::wire
