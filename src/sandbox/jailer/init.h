#pragma once
// PID 1 of a sandbox: forked by the jailer, never executed, so that a start costs no extra exec. It
// builds the root, gives up what it no longer needs, and then serves one peer over its control
// socket: meridiand. The function cannot reach it: another user where ids allow, not dumpable, and
// PID 1.

#include "sandbox/jailer/seccomp_filter.h"

namespace meridian::sandbox::jailer {

struct InitOptions {
    int control = -1;  // SEQPACKET; its end means that this sandbox must end
    int null = -1;     // the host's /dev/null
    bool has_own_uid = false;
    SeccompFilter const* filter = nullptr;
};

// Call in the child of clone3(). Never returns.
[[noreturn]] void run_init(InitOptions options);

}  // namespace meridian::sandbox::jailer
