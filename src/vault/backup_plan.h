#pragma once
// When a region backs itself up and verifies that, and which backups it keeps. A backup is a
// baseline that nobody named: "backup-2026-11-28T06-00-00Z". Pure; any thread.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/baseline.h"
#include "vault/proof.h"

namespace meridian::vault {

inline constexpr std::string_view kBackupPrefix = "backup-";
[[nodiscard]] std::string backup_name(WallTime time);
[[nodiscard]] bool is_backup(Baseline const& baseline);

// How many backups stay: the newest of each of the last hours and days that have one, and the
// newest `last` whatever their age. Baselines with a name of their own stay for ever.
struct Retention {
    std::uint32_t last = 3;
    std::uint32_t hourly = 24;
    std::uint32_t daily = 30;

    bool operator==(Retention const&) const = default;
};

// Files with which a git remote is reached, for the server's user to read; empty: what git and ssh
// use by themselves.
struct CopyAccess {
    std::filesystem::path ssh_key = {};
    std::filesystem::path known_hosts = {};
    std::filesystem::path ca_file = {};
    std::filesystem::path credentials = {};  // lines: username=…, password=…

    bool operator==(CopyAccess const&) const = default;
};

// A git remote that gets every backup, as `git push` names it.
struct BackupCopy {
    std::string remote;
    CopyAccess access = {};

    bool operator==(BackupCopy const&) const = default;
};

struct BackupPlan {
    std::optional<std::chrono::seconds> every = std::chrono::hours(24);  // nothing: never
    Retention keep = {};
    // How often each level is verified; levels that are not named never are.
    std::map<VerifyLevel, std::chrono::seconds> verify = {
        {VerifyLevel::kIndex, std::chrono::hours(1)}, {VerifyLevel::kHash, std::chrono::hours(24)}};
    // Each verification of kHash reads one of so many parts.
    std::uint32_t hash_parts = 1;
    std::vector<BackupCopy> copies = {};  // of a remote one
    // One that takes longer has failed.
    std::chrono::seconds copy_time_max = std::chrono::minutes(15);
    // How often each copy is verified; nothing: never.
    std::optional<std::chrono::seconds> verify_copies = {};

    bool operator==(BackupPlan const&) const = default;
};
// Null: the plan has no such copy.
[[nodiscard]] BackupCopy const* find_copy(BackupPlan const& plan, std::string_view remote);

// A git remote without the password that its URL may hold: what people, logs and proofs see.
[[nodiscard]] std::string shown_remote(std::string_view remote);

// What of the plan is due: a backup, then verifications, the cheapest first.
struct DueWork {
    bool backup = false;
    std::vector<VerifyLevel> verify = {};
    std::vector<std::string> verify_copies = {};
};
// `newest`: when the newest backup was made. `proofs`: those of the vault.
[[nodiscard]] DueWork due(BackupPlan const& plan, WallTime now, std::optional<WallTime> newest,
                          LastProofs const& proofs);

// The names of backups that the retention does not keep.
[[nodiscard]] std::vector<std::string> to_prune(Retention const& keep,
                                                std::vector<Baseline> const& baselines);

}  // namespace meridian::vault
