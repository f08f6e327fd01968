#pragma once
// What an inventory is called at its target: ARNs of the source's own functions, layers and IAM
// entities name the target's region and account; everything else stays as it is unless the user
// says FROM=TO. Pure; any thread.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transfer/inventory.h"

namespace meridian::transfer {

// Texts and what stands for them, in this order.
using Renaming = std::vector<std::pair<std::string, std::string>>;

// kInvalidParameterValue for what is not FROM=TO.
[[nodiscard]] Result<Renaming> read_renaming(std::vector<std::string> const& pairs);
// The renaming that every transfer does. An account that is not known keeps its name.
[[nodiscard]] Renaming own_arns(Inventory const& from, std::string const& region,
                                std::string const& account);

[[nodiscard]] std::string renamed(std::string text, Renaming const& renaming);
// In every text of a value, and not in keys.
void rename_in(nlohmann::json& value, Renaming const& renaming);
// Everything but source_arn.
void rename_in(Inventory& inventory, Renaming const& renaming);

}  // namespace meridian::transfer
