#pragma once
// The answer of an operation of Meridian's own API. Pure; any thread.

#include <nlohmann/json.hpp>

#include "base/http_message.h"

namespace meridian::api {

// 200 with `body`; what is no UTF-8 in it is replaced.
[[nodiscard]] HttpResponse json_answer(nlohmann::json const& body);

}  // namespace meridian::api
