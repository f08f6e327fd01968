#pragma once
// Trying an optimistic change again after a conflict.

#include <utility>

#include <fmt/format.h>

#include "io/task.h"

namespace meridian::control {

// Ours: more rivals than this at one function within one request, and the caller is told to come
// back.
inline constexpr int kConflictRetriesMax = 5;

// Runs `attempt`, which returns a Task, until it is not kConflict. It is kept in this coroutine's
// frame, so that it may be a lambda that captures; what it captures by reference must outlive the
// call. `resource` is what a caller is told that it could not change.
template <typename Attempt>
auto retry_conflicts(Attempt attempt, char const* resource = "function") -> decltype(attempt()) {
    for (int tries = 0;; ++tries) {
        auto outcome = co_await attempt();
        if (outcome || outcome.error().code != Errc::kConflict) co_return outcome;
        if (tries == kConflictRetriesMax) {
            co_return fail(
                Errc::kResourceConflict,
                fmt::format("The {} could not be updated due to a concurrent update operation.",
                            resource));
        }
    }
}

}  // namespace meridian::control
