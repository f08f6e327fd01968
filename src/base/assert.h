#pragma once
// Checks of our own mistakes, on in every build. Input from outside never reaches one: it becomes
// an Error instead.

namespace meridian {

// Prints the failed condition with its place to standard error and aborts.
[[noreturn]] void assertion_failed(char const* condition, char const* file, int line) noexcept;

}  // namespace meridian

#define MERIDIAN_ASSERT(condition)                                                      \
    do {                                                                                \
        if (!(condition)) ::meridian::assertion_failed(#condition, __FILE__, __LINE__); \
    } while (false)
