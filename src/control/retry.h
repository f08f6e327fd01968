#pragma once
// Trying an optimistic change of a function, or of what hangs under it, again after a conflict.

#include <utility>

#include <fmt/format.h>

#include "store/retry.h"

namespace meridian::control {

// store::retry_conflicts(), where nothing but reading again is needed. `resource` is what a caller
// is told that it could not change.
template <typename Attempt>
auto retry_conflicts(Attempt attempt, char const* resource = "function") -> decltype(attempt()) {
    return store::retry_conflicts(
        std::move(attempt), []() -> io::Task<> { co_return Result<void>{}; },
        fmt::format("The {} could not be updated due to a concurrent update operation.", resource));
}

}  // namespace meridian::control
