#pragma once
// Starts a runtime's first process from the sandbox's init: an ordinary user without capabilities,
// with Lambda's resource limits, three or four descriptors and the system call filter.

#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "io/unique_fd.h"
#include "sandbox/jailer/seccomp_filter.h"

namespace meridian::sandbox::jailer {

struct Launch {
    std::string_view working_directory;  // these are all NUL-terminated
    std::vector<std::string_view> arguments;
    std::vector<std::string_view> environment;
    int output = -1;
    int telemetry = -1;  // -1: none
    std::uint64_t processes_max = 0;
    bool has_own_uid = false;  // the function's user is another one than the init's
    SeccompFilter const* filter = nullptr;
};

struct LaunchResult {
    pid_t process = -1;
    int error = 0;  // errno of what failed, in which case there is no process
};
// Returns once the program runs, or could not.
[[nodiscard]] LaunchResult launch(Launch const& launch);

// What init, runtime and meridiand alike do to give up capabilities. Both return errno or 0.
[[nodiscard]] int drop_bounding_set();
[[nodiscard]] int keep_capabilities(std::uint64_t mask);

}  // namespace meridian::sandbox::jailer
