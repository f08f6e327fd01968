#pragma once
// The seam between the engine and where sources come from: a folder or a file of the template's,
// as a package. cli/source_builder.h takes them as they are, or has a region build them.

#include <string>

#include "io/task.h"

namespace meridian::deploy {

struct BuildRequest {
    std::string logical_id;
    std::string type;          // of the resource
    std::string path;          // from the template's folder
    std::string build_method;  // Metadata's BuildMethod, or the runtime; may be empty
    std::string runtime;       // of a function, or a layer's first; may be empty
    std::string handler;       // the same
};

class Builder {
  public:
    virtual ~Builder() = default;
    // A zip, the same bytes for the same sources. kInvalidParameterValue for what cannot be built
    // here, with what to do.
    virtual io::Task<std::string> build(BuildRequest request) = 0;
};

}  // namespace meridian::deploy
