#include "api/meridian_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace meridian::api {

using nlohmann::json;

Result<json> read_members(HttpRequest const& request, MemberTypes members) {
    auto body = request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
    if (!body.is_object())
        return fail(Errc::kInvalidRequestContent, "The request's body is not a JSON object.");
    for (auto const& [name, value] : body.items()) {
        auto const* const known =
            std::ranges::find_if(members, [&](auto const& member) { return name == member.first; });
        if (known == members.end())
            return fail(Errc::kInvalidParameterValue, fmt::format("{} is not known here.", name));
        if (value.type() != known->second)
            return fail(Errc::kSerialization, fmt::format("{} has the wrong type.", name));
    }
    return body;
}

HttpResponse json_answer(json const& body) {
    HttpResponse response;
    response.headers.add("Content-Type", "application/json");
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

}  // namespace meridian::api
