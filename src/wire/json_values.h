#pragma once
// The values of a JSON text, in one pass with its grammar (json_grammar.h), as the JSON library
// would read them: of a name that stands twice the last counts, whole numbers that fit are whole.
// Pure; any thread.

#include <expected>
#include <string_view>

#include <nlohmann/json.hpp>

#include "wire/json_grammar.h"

namespace meridian::wire {

// Discarded: a text that the grammar allows and no value can be made of, because of half a
// surrogate pair or a number beyond a double's.
[[nodiscard]] std::expected<nlohmann::json, JsonFault> parse_json(std::string_view bytes);

}  // namespace meridian::wire
