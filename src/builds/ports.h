#pragma once
// What builds ask of the rest; bin/ plugs in the adapters, tests plug in fakes.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "io/task.h"
#include "io/unique_fd.h"
#include "model/names.h"
#include "sandbox/sandbox.h"

namespace meridian::builds {

// What of a runtime a build's sandbox has.
struct Tools {
    std::vector<sandbox::Mount> mounts;
    std::vector<std::pair<std::string, std::string>> links;
    std::map<std::string, std::string> environment;
};

class ToolSource {
  public:
    virtual ~ToolSource() = default;
    // kInvalidParameterValue for a runtime that is not installed here.
    [[nodiscard]] virtual Result<Tools> open(std::string const& runtime) const = 0;
};

class Packages {
  public:
    virtual ~Packages() = default;
    // The files of a stored zip as a directory (O_PATH).
    virtual io::Task<io::UniqueFd> open_unpacked(model::CodeSha256 sha256) = 0;
    // Checks a zip and stores it; kept for an hour at least.
    virtual io::Task<model::CodeSha256> put(std::string zip) = 0;
};

}  // namespace meridian::builds
