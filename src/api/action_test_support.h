#pragma once
// Calls an action of either kind, for tests that look at members.

#include <utility>

#include "api/action.h"

namespace meridian::api {

// What `run`, which completes a task, makes of the action; a body is parsed.
template <typename Run>
Result<nlohmann::json> members_of(Action const& action, Services services,
                                  ActionContext const& context, nlohmann::json input, Run run) {
    if (auto const* const act = std::get_if<MemberAction>(&action))
        return run((*act)(services, context, std::move(input)));
    MERIDIAN_TRY(auto const body,
                 run(std::get<BodyAction>(action)(services, context, std::move(input))));
    return nlohmann::json::parse(body);
}

}  // namespace meridian::api
