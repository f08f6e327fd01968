#pragma once
// JSON values as YAML 1.1 and 1.2 that every reader takes for the same value: texts that could be
// anything else (numbers, dates, yes, null, an indicator) are quoted, texts of several lines are
// blocks where blocks can say them, keys are sorted. Pure; any thread.

#include <string>

#include <nlohmann/json.hpp>

namespace meridian::transfer {

// A document; ends with a newline. `first` are keys of the outermost mapping that come before the
// others, in this order. Texts are UTF-8.
[[nodiscard]] std::string yaml_text(nlohmann::json const& value,
                                    std::vector<std::string> const& first = {});

}  // namespace meridian::transfer
