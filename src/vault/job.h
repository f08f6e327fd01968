#pragma once
// Long work of a region's vault as something that has a name: a restore, a verification, a backup.
// It goes on when its caller has gone, and is begun again after a crash: all of it is idempotent.
//
// Values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "crypto/aead.h"
#include "model/names.h"

namespace meridian::vault {

// Names are persisted.
enum class JobKind : std::uint8_t { kRestore, kVerify, kBackup };
[[nodiscard]] std::string_view name_of(JobKind kind);  // "Restore"

enum class JobState : std::uint8_t { kRunning, kSucceeded, kFailed, kCancelled };
[[nodiscard]] std::string_view name_of(JobState state);  // "Running"

struct Job {
    std::string id;  // "j-01FHA7Z3K"
    JobKind kind = JobKind::kRestore;
    model::AccountId account;
    std::string by;          // the caller's ARN
    nlohmann::json request;  // what was asked for; it may hold secrets
    WallTime began;
    std::uint32_t starts = 0;  // more than one: it was interrupted
    JobState state = JobState::kRunning;
    // The ARN of who wants it to stop. It may still run until its next safe step, and end in any
    // state; it is never begun again.
    std::string cancelled_by = {};
    // Of one that is over.
    std::optional<WallTime> ended = {};
    nlohmann::json result = nullptr;
    std::string error = {};

    bool operator==(Job const&) const = default;
};

[[nodiscard]] bool is_job_id(std::string_view text);

// A job's file, format 2; parse_job() reads format 1, too, which had no `cancelled_by`. The request
// is sealed with the node's own key, bound to the job.
[[nodiscard]] std::string format_job(Job const& job, crypto::AeadKey const& key, Random& random);
// kCorrupt.
[[nodiscard]] Result<Job> parse_job(std::string_view text, crypto::AeadKey const& key);

}  // namespace meridian::vault
