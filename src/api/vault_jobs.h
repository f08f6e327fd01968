#pragma once
// What jobs of a region's vault do: their requests, as the API takes them, and their results.
//
// Threads: the region's executor.

#include "api/vault_actions.h"

namespace meridian::api {

// Whether a request can be carried out, as far as it says itself: kInvalidParameterValue,
// kSerialization, by name.
[[nodiscard]] Result<void> check_job(VaultServices const& services, KeeperOf const& keeper_of,
                                     vault::Jobs::Wish const& wish);

// Does it, and gives what is shown of it. For vault::Jobs::begin(). What is by reference in
// `services` outlives it.
io::Task<nlohmann::json> run_job(VaultServices services, KeeperOf keeper_of, vault::Job job,
                                 std::shared_ptr<vault::Progress> progress);

}  // namespace meridian::api
