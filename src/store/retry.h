#pragma once
// Trying an optimistic change again after a conflict.

#include <string>
#include <utility>

#include "io/task.h"

namespace meridian::store {

// Ours: more rivals than this at one record within one request, and the caller is told to come
// back.
inline constexpr int kConflictRetriesMax = 5;

// Runs `attempt`, which returns a Task, until it is not kConflict; `before_retry` runs between two
// tries, and `gave_up` is what the caller reads in the end, as a kResourceConflict. Both callables
// are kept in this coroutine's frame, so that they may be lambdas that capture; what they capture
// by reference must outlive the call.
template <typename Attempt, typename BeforeRetry>
auto retry_conflicts(Attempt attempt, BeforeRetry before_retry, std::string gave_up)
    -> decltype(attempt()) {
    for (int tries = 0;; ++tries) {
        auto outcome = co_await attempt();
        if (outcome || outcome.error().code != Errc::kConflict) co_return outcome;
        if (tries == kConflictRetriesMax)
            co_return fail(Errc::kResourceConflict, std::move(gave_up));
        MERIDIAN_CO_CHECK(co_await before_retry());
    }
}

}  // namespace meridian::store
