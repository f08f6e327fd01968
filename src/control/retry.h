#pragma once
// Trying an optimistic change again after a conflict.

#include <string_view>
#include <utility>

#include "control/account_log.h"
#include "io/task.h"

namespace meridian::control {

// Ours: more rivals than this at one function within one request, and the caller is told to come
// back.
inline constexpr int kConflictRetriesMax = 5;

// Runs `attempt`, which returns a Task, until it is not kConflict; `before_retry` runs between two
// tries, and `gave_up` is what the caller reads in the end. Both callables are kept in this
// coroutine's frame, so that they may be lambdas that capture; what they capture by reference must
// outlive the call.
template <typename Attempt, typename BeforeRetry>
auto retry_conflicts(Attempt attempt, BeforeRetry before_retry, std::string_view gave_up)
    -> decltype(attempt()) {
    for (int tries = 0;; ++tries) {
        auto outcome = co_await attempt();
        if (outcome || outcome.error().code != Errc::kConflict) co_return outcome;
        if (tries == kConflictRetriesMax)
            co_return fail(Errc::kResourceConflict, std::string(gave_up));
        if (auto ready = co_await before_retry(); !ready) co_return std::unexpected(ready.error());
    }
}

// For functions: nothing but reading again is needed.
template <typename Attempt>
auto retry_conflicts(Attempt attempt) -> decltype(attempt()) {
    return retry_conflicts(
        std::move(attempt), []() -> io::Task<> { co_return Result<void>{}; },
        "The function could not be updated due to a concurrent update operation.");
}

// For roles: this region's copy of IAM may be behind its home.
template <typename Attempt>
auto retry_role_conflicts(AccountLog& log, Attempt attempt) -> decltype(attempt()) {
    return retry_conflicts(
        std::move(attempt), [&log] { return log.catch_up(); },
        "The request was rejected because multiple requests to change this object were submitted "
        "simultaneously. Wait a "
        "few minutes and submit your request again.");
}

}  // namespace meridian::control
