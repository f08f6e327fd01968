#pragma once
// What a function's process finds in its environment. Source: Developer Guide, "Using Lambda
// environment variables" (reserved keys), and values recorded inside real functions.

#include <string>
#include <vector>

#include "invoke/ports.h"
#include "invoke/runtime_bundle.h"
#include "model/runnable.h"

namespace meridian::invoke {

struct EnvironmentVariablesInput {
    model::RunnableVersion const& function;
    RuntimeBundle const& bundle;
    bool provisioned = false;  // made for provisioned concurrency
    model::RegionName const& region;
    std::string const& log_group;
    std::string const& log_stream;
    RoleCredentials const& role;
};

// "NAME=value", the platform's own after the customer's, so that nothing reserved can be replaced.
// AWS_ENDPOINT_URL is ours and not reserved: AWS's SDKs read it, and inside a sandbox nothing else
// than this region's API can be reached.
[[nodiscard]] std::vector<std::string> environment_variables(
    EnvironmentVariablesInput const& input);

// The runtime's argv.
[[nodiscard]] std::vector<std::string> runtime_command(RuntimeBundle const& bundle,
                                                       model::RunnableVersion const& function,
                                                       std::string const& bootstrap_path);

[[nodiscard]] std::string log_group_of(model::RunnableVersion const& function);

}  // namespace meridian::invoke
