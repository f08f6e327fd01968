#pragma once
// What Meridian's own API shows of a region's vault. Pure; any thread.

#include <vector>

#include <nlohmann/json.hpp>

#include "vault/backup_runner.h"
#include "vault/jobs.h"
#include "vault/restorer.h"

namespace meridian::api {

inline constexpr std::size_t kBaselineMessageBytesMax = 64 * 1024;

[[nodiscard]] nlohmann::json shown(vault::Baseline const& baseline);
[[nodiscard]] nlohmann::json shown(vault::Proof const& proof);
[[nodiscard]] nlohmann::json shown(vault::RestorePlan const& plan);
[[nodiscard]] nlohmann::json shown(vault::RestoreReport const& report);
[[nodiscard]] nlohmann::json shown(std::vector<vault::BackupRunner::CopyState> const& copies);
// Without its result, which may be long: Result.
[[nodiscard]] nlohmann::json shown(vault::Jobs::Shown const& job);

}  // namespace meridian::api
