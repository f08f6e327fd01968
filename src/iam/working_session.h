#pragma once
// Credentials with which work that a principal has started goes on by itself: a session of that
// principal's own, with neither more nor less than its policies say at each moment.
//
// Threads: the region's executor.

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "iam/directory.h"
#include "iam/sessions.h"

namespace meridian::iam {

struct WorkingSessionParts {
    Directory const& directory;
    SecretKeys const& secrets;
    Clock const& clock;
    Random& random;
};

// `arn` and `user_id` as GetCallerIdentity says them. kAccessDenied where there is no such
// principal, or another one of that name now.
[[nodiscard]] Result<TemporaryCredentials> make_working_session(WorkingSessionParts const& parts,
                                                                std::string_view arn,
                                                                std::string_view user_id,
                                                                std::chrono::seconds lifetime);

}  // namespace meridian::iam
