#pragma once
// `meridian build`: a template's packages, made as a deploy makes them, and nothing else.
//
// Threads: the caller's executor. Errors: those of the template and its builds; kResourceConflict
// where a build is not reproducible.

#include "cli/deploy_session.h"

namespace meridian::cli {

struct BuildOptions {
    std::string source;  // template folder or file, or a place in git
    std::string region;
    std::vector<std::string> parameters;  // "K=V"
    std::vector<std::string> resources;   // logical ids; none: all
    std::string output;                   // folder for the packages; empty: they are not kept
    bool check_reproducible = false;      // everything is built twice
    bool ignore_foreign = false;
};
io::Task<> build_template(DeployTools tools, BuildOptions options);

}  // namespace meridian::cli
