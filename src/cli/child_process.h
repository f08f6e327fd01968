#pragma once
// A program run to its end, its output kept. Blocks; for commands that have nothing else to do.

#include <string>
#include <vector>

#include "base/result.h"

namespace meridian::cli {

// What it wrote to standard output, of at most `bytes_max`. `words` are the program, found in PATH,
// and its arguments; no shell is between. Errors: kUnavailable (no such program), kIo with what it
// wrote to standard error where its status is not 0.
[[nodiscard]] Result<std::string> run_child(std::vector<std::string> const& words,
                                            std::size_t bytes_max = 1024 * 1024);

}  // namespace meridian::cli
