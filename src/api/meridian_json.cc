#include "api/meridian_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace meridian::api {

using nlohmann::json;

Result<json> read_object(HttpRequest const& request) {
    auto body = request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
    if (body.is_object()) return body;
    return fail(Errc::kInvalidRequestContent, "The request's body is not a JSON object.");
}

Result<void> check_members(json const& object, MemberTypes members) {
    for (auto const& [name, value] : object.items()) {
        auto const* const known =
            std::ranges::find_if(members, [&](auto const& member) { return name == member.first; });
        if (known == members.end())
            return fail(Errc::kInvalidParameterValue, fmt::format("{} is not known here.", name));
        if (value.type() != known->second)
            return fail(Errc::kSerialization, fmt::format("{} has the wrong type.", name));
    }
    return {};
}

Result<json> read_members(HttpRequest const& request, MemberTypes members) {
    MERIDIAN_TRY(auto body, read_object(request));
    MERIDIAN_CHECK(check_members(body, members));
    return body;
}

HttpResponse json_answer(json const& body) {
    HttpResponse response;
    response.headers.add("Content-Type", "application/json");
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

}  // namespace meridian::api
