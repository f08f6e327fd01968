#pragma once
// The jailer's command line.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meridian::sandbox::jailer {

struct Options {
    std::string user;                                        // --user NAME|UID:GID; root only
    std::vector<std::pair<std::string, std::string>> binds;  // --bind HOSTDIR=TARGETDIR
    std::string scratch = "/var/tmp";  // --scratch DIR: holds the nameless files behind each /tmp
    std::uint32_t pool = 8;            // --pool N: sandboxes kept ready
    std::uint32_t slots = 2048;        // --slots N: sandboxes at once
    std::vector<char*> command;        // after "--", ended by a null pointer
};

inline constexpr char const* kUsage =
    "usage: meridian-jailer [--user NAME|UID:GID] [--bind HOSTDIR=TARGETDIR]... [--scratch DIR]\n"
    "                       [--pool N] [--slots N] -- /path/to/meridiand [ARGUMENT]...\n";

// `argv` must outlive the options.
[[nodiscard]] Result<Options> parse_options(int argc, char** argv);

}  // namespace meridian::sandbox::jailer
