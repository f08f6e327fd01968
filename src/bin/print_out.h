#pragma once
// Where a command's answer goes: standard output, at once, so that a pipe sees each line as it
// comes. One thread at a time.

#include <cstdio>
#include <string_view>

namespace meridian::bin {

inline void print_out(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace meridian::bin
