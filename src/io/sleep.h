#pragma once
// Waiting for time to pass, in a coroutine.

#include <chrono>

#include "io/task.h"

namespace meridian::io {

// kCancelled when the coroutine is cancelled meanwhile.
Task<> sleep_for(std::chrono::steady_clock::duration duration);

}  // namespace meridian::io
