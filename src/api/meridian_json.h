#pragma once
// Bodies of Meridian's own API: JSON objects with known members. Pure; any thread.

#include <initializer_list>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/http_message.h"
#include "base/result.h"

namespace meridian::api {

using MemberType = nlohmann::json::value_t;
using MemberTypes = std::initializer_list<std::pair<char const*, MemberType>>;

// A request's body; none is an object without members. kInvalidRequestContent.
[[nodiscard]] Result<nlohmann::json> read_object(HttpRequest const& request);
// kInvalidParameterValue (a member that is not known), kSerialization (a wrong type).
[[nodiscard]] Result<void> check_members(nlohmann::json const& object, MemberTypes members);
// The request's members; an empty body has none. kInvalidRequestContent, kInvalidParameterValue
// (one that is not known), kSerialization (a wrong type).
[[nodiscard]] Result<nlohmann::json> read_members(HttpRequest const& request, MemberTypes members);

[[nodiscard]] HttpResponse json_answer(nlohmann::json const& body);

}  // namespace meridian::api
