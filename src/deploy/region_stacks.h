#pragma once
// A template as what is to stand in each of several regions, its code packaged.
//
// Threads: the owner's executor. `parsed` and `builder` outlive the call.

#include <map>
#include <string>
#include <vector>

#include "deploy/builder.h"
#include "deploy/package_set.h"
#include "deploy/template.h"

namespace meridian::deploy {

struct RegionStacksInput {
    std::string stack_name;
    std::string account;
    std::vector<std::string> regions;
    std::map<std::string, std::string> parameters = {};
    bool ignore_foreign = false;
};

struct RegionStacks {
    std::map<std::string, PackagedStack> stacks = {};  // by region
    std::vector<std::string> warnings = {};            // each once; what was left out, too
};

// Errors: those of expand() and package_stack().
io::Task<RegionStacks> make_region_stacks(Template const& parsed, RegionStacksInput input,
                                          Builder& builder);

}  // namespace meridian::deploy
