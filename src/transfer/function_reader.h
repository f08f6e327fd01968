#pragma once
// Everything that the AWS API tells of one function.
//
// Threads: the caller's executor. Errors: kResourceNotFound, and those of AwsApi; what the other
// side would not tell becomes an entry of `untold`.

#include <string>
#include <vector>

#include "deploy/aws_api.h"
#include "transfer/inventory.h"

namespace meridian::transfer {

// Event source mappings are not read here: they are listed for a whole region.
// `untold` outlives the task.
io::Task<FunctionRecord> read_function(deploy::AwsApi& api, std::string name,
                                       std::vector<Untold>& untold);

// Every event source mapping of a region, each in normal form, by its function's unqualified ARN.
using Mappings = std::map<std::string, nlohmann::json>;
// With the mappings' tags for the functions whose ARNs `wanted` accepts.
io::Task<Mappings> read_mappings(deploy::AwsApi& api, std::vector<std::string> function_arns,
                                 std::vector<Untold>& untold);

}  // namespace meridian::transfer
