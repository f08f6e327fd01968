#pragma once
// ProvisionedConcurrencyConfig, of versions and aliases.
//
// Threads: the owner's executor.

#include <string>

#include "deploy/service_calls.h"

namespace meridian::deploy {

inline constexpr char const* kConcurrencyProperty = "ProvisionedConcurrencyConfig";

// {"ProvisionedConcurrentExecutions": 5} with a number in it, or {}.
[[nodiscard]] Result<nlohmann::json> normal_concurrency(nlohmann::json const& given);

io::Task<nlohmann::json> read_concurrency(ServiceCalls& calls, std::string function,
                                          std::string qualifier);
// {} removes it. Does not wait until the environments are there.
io::Task<> put_concurrency(ServiceCalls& calls, std::string function, std::string qualifier,
                           nlohmann::json wished);

}  // namespace meridian::deploy
