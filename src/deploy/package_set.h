#pragma once
// A stack with its code as packages: what was a local path or an inline text stands as
// {"CodeSha256": …}, the form that the engine compares and stores. Code in S3 stays as it is.
//
// Threads: the owner's executor.

#include <map>
#include <string>

#include "deploy/builder.h"
#include "deploy/stack.h"

namespace meridian::deploy {

struct PackagedStack {
    Stack stack;
    std::map<std::string, std::string> packages = {};  // by CodeSha256
};

// Errors: the builder's, and kInvalidParameterValue, each with file, line and column.
io::Task<PackagedStack> package_stack(Stack stack, Builder& builder);

}  // namespace meridian::deploy
