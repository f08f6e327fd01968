#pragma once
// Layer versions and code signing configs, as Lambda tells them.
//
// Threads: the caller's executor. Errors: those of AwsApi.

#include <string>

#include "deploy/aws_api.h"
#include "transfer/inventory.h"

namespace meridian::transfer {

// Adds it to the inventory, which outlives the task; noted as untold where it cannot be read.
io::Task<> read_layer_version(deploy::AwsApi& api, std::string arn, Inventory& inventory);
io::Task<> read_code_signing_config(deploy::AwsApi& api, std::string arn, Inventory& inventory);

// Where a layer version is asked for. By its name where it is the account's own: that every
// endpoint understands.
[[nodiscard]] std::string layer_version_target(std::string const& arn, std::string const& account);

// The ARNs of every version of a layer (its name), or of all layers where it is empty.
io::Task<std::vector<std::string>> list_layer_versions(deploy::AwsApi& api, std::string layer,
                                                       Inventory& inventory);
// Every code signing config of the region, added to the inventory.
io::Task<> read_code_signing_configs(deploy::AwsApi& api, Inventory& inventory);

}  // namespace meridian::transfer
