#pragma once
// JSON from outside brought to a shape of the model: types checked, unknown members and nulls
// dropped. Pure; any thread.

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "wire/api_model.h"

namespace meridian::wire {

// kSerialization with the words of AWS's own reader.
[[nodiscard]] Result<nlohmann::json> to_shape(ShapeId id, nlohmann::json&& value);

// The same for text that stands in a path, a query or a header.
[[nodiscard]] Result<nlohmann::json> text_to_shape(ShapeId id, std::string&& text);

}  // namespace meridian::wire
