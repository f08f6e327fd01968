#include <fmt/format.h>

#include "deploy/sam_parts.h"

namespace meridian::deploy {

Result<void> add_events(SamFunction& function) {
    auto const* events = function.property("Events");
    if (events == nullptr) return {};
    for (auto const& event : events->entries) {
        if (event.value.intrinsic() != nullptr)
            return fail_at(event.mark,
                           fmt::format("the event {} cannot depend on a resource", event.key));
        MERIDIAN_TRY(auto const polled, add_event_source(function, event));
        if (polled) continue;
        MERIDIAN_TRY(auto const pushed, add_event_permission(function, event));
        if (!pushed)
            return fail_at(
                event.value.find("Type")->mark,
                fmt::format("there is no event type {}", event.value.find("Type")->text));
    }
    return {};
}

}  // namespace meridian::deploy
