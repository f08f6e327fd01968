#pragma once
// Stacks and rollouts as the store has them, and the rules of their changes. Threads: the store's.

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/store.h"

namespace meridian::api {

// Members of a record of Kind::kRollout.
namespace rollout_member {
inline constexpr char const* kId = "Id";
inline constexpr char const* kStack = "Stack";
inline constexpr char const* kState = "State";
inline constexpr char const* kEpoch = "Epoch";
inline constexpr char const* kHolder = "Holder";
inline constexpr char const* kCreated = "Created";
inline constexpr char const* kCaller = "Caller";
inline constexpr char const* kAbort = "AbortRequested";
inline constexpr char const* kHooks = "Hooks";
inline constexpr char const* kSummary = "Summary";
inline constexpr char const* kRecord = "Record";
inline constexpr char const* kProgress = "Progress";  // of a request alone
}  // namespace rollout_member
// Of its status.
inline constexpr char const* kLeaseExpires = "LeaseExpires";
// A state that an execution is in until it is over.
inline constexpr char const* kInProgress = "InProgress";
// Of a record of Kind::kStack: the execution that is changing it, or empty.
inline constexpr char const* kActiveRollout = "ActiveRollout";

inline constexpr std::size_t kRolloutsKeptMax = 200;     // an account's; ours
inline constexpr std::uint64_t kLeaseSecondsMax = 3600;  // ours

[[nodiscard]] store::Key rollout_key(model::AccountId const& account, std::string id);
[[nodiscard]] store::Key stack_key(model::AccountId const& account, std::string name);
[[nodiscard]] store::Key package_key(model::AccountId const& account, std::string const& rollout,
                                     std::string const& sha256_hex);

// While an execution is not over, its record is in parts: as it was created, what has changed
// since, and what was done in this region, step by step. An execution of a hundred functions is
// written hundreds of times.
[[nodiscard]] store::Key plan_key(model::AccountId const& account, std::string const& rollout);
[[nodiscard]] store::Key progress_key(model::AccountId const& account, std::string const& rollout);
// Puts {REGION: {…}} into a record that has {"Regions": {REGION: {…, "Work": {…}}}}: members that
// `progress` has are replaced, in Work one by one. kInvalidParameterValue for anything else.
Result<void> take_progress(nlohmann::json& record, nlohmann::json const& progress);

[[nodiscard]] WallTime lease_end(nlohmann::json const& status);
[[nodiscard]] nlohmann::json lease_status(WallTime now, std::uint64_t seconds);

// kResourceConflict unless `epoch` is the record's.
[[nodiscard]] Result<void> check_epoch(nlohmann::json const& rollout, std::uint64_t epoch);

// kResourceNotFound with its name.
io::Task<store::Record> get_rollout(store::Store& store, store::Key key);

}  // namespace meridian::api
