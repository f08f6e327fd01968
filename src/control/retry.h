#pragma once
// Trying an optimistic change again after a conflict.

#include "io/task.h"

namespace meridian::control {

// Ours: more rivals than this at one function within one request, and the caller is told to come back.
inline constexpr int kConflictRetriesMax = 5;

// Runs `attempt`, which returns a Task, until it is not kConflict; `before_retry` runs between two tries. Both are
// kept in this coroutine's frame, so that they may be lambdas that capture.
template <typename Attempt, typename BeforeRetry>
auto retry_conflicts(Attempt attempt, BeforeRetry before_retry) -> decltype(attempt()) {
    for (int tries = 0;; ++tries) {
        auto outcome = co_await attempt();
        if (outcome || outcome.error().code != Errc::kConflict) co_return outcome;
        if (tries == kConflictRetriesMax) {
            co_return fail(Errc::kResourceConflict,
                           "The function could not be updated due to a concurrent update operation.");
        }
        if (auto ready = co_await before_retry(); !ready) co_return std::unexpected(ready.error());
    }
}

template <typename Attempt>
auto retry_conflicts(Attempt attempt) -> decltype(attempt()) {
    for (int tries = 0;; ++tries) {
        auto outcome = co_await attempt();
        if (outcome || outcome.error().code != Errc::kConflict) co_return outcome;
        if (tries == kConflictRetriesMax) {
            co_return fail(Errc::kResourceConflict,
                           "The function could not be updated due to a concurrent update operation.");
        }
    }
}

}  // namespace meridian::control
