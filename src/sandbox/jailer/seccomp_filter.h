#pragma once
// The system calls that a function may make: an allow-list, compiled once when the jailer starts
// and installed in every runtime before it is executed.

#include <vector>

#include <linux/filter.h>

#include "base/result.h"

namespace meridian::sandbox::jailer {

class SeccompFilter {
  public:
    [[nodiscard]] static Result<SeccompFilter> compile();

    // For the calling thread and everything that it executes. Needs no_new_privs. Returns errno, or
    // 0.
    [[nodiscard]] int install() const;

    // Whether this kernel has seccomp filters at all.
    [[nodiscard]] static bool is_available();

  private:
    std::vector<sock_filter> program_;
};

}  // namespace meridian::sandbox::jailer
