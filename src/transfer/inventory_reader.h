#pragma once
// Reads one, some or all functions of a region, and the layers, roles, policies and code signing
// configs that they use, through the AWS API.
//
// Threads: the caller's executor. Errors: kResourceNotFound for a name or pattern that nothing
// matches, kAccessDenied where the functions themselves may not be read, kIo for answers that the
// API's model does not know, and those of AwsApi.

#include <functional>
#include <string>
#include <vector>

#include "transfer/inventory.h"
#include "transfer/lanes.h"

namespace meridian::transfer {

// Told of each thing that is done: "function hello".
using Progress = std::function<void(std::size_t done, std::size_t total, std::string const& what)>;

struct Selection {
    // Names, or patterns with * and ?; empty: every function, and every layer.
    std::vector<std::string> functions = {};
    // For a target: what is not there is not an error.
    bool missing_is_fine = false;
};

io::Task<Inventory> read_inventory(Lanes lanes, Selection selection, Progress progress);

// What the inventory's things are at a target: of the same names and, for layers, all numbers.
io::Task<Inventory> read_counterparts(Lanes lanes, Inventory const& wanted, Progress progress);

// The account that the caller's keys are of. kAccessDenied where STS would not tell.
io::Task<std::string> read_account(deploy::AwsApi& api);
// Drops the layers, roles, policies and code signing configs that no function uses. Pure.
void keep_what_is_used(Inventory& inventory);

// Whether `name` is what `pattern` stands for: * is any text, ? any character.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace meridian::transfer
