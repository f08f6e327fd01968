#include "vault/backup_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian::vault {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + hours(12)};

Baseline made(WallTime time) {
    return {.name = backup_name(time), .tagger = {.name = "m", .email = "m", .time = time}};
}

TEST(BackupPlan, NamesABackupByItsTime) {
    EXPECT_EQ(backup_name(kNow), "backup-2026-11-28T12-00-00Z");
    EXPECT_TRUE(is_backup(made(kNow)));
    EXPECT_FALSE(is_backup({.name = "v1"}));
}

TEST(BackupPlan, WhatIsDue) {
    BackupPlan plan;
    plan.every = hours(1);
    plan.verify = {{VerifyLevel::kHash, hours(2)}, {VerifyLevel::kRestore, hours(24)}};
    struct Case {
        char const* name;
        std::optional<WallTime> newest;
        std::optional<WallTime> hashed;
        bool backup;
        std::vector<VerifyLevel> verify;
    };
    using enum VerifyLevel;
    for (auto const& test : {
             Case{"nothing was ever done", std::nullopt, std::nullopt, true, {kHash, kRestore}},
             Case{"just done", kNow, kNow, false, {kRestore}},
             Case{"nearly", kNow - minutes(59), kNow - minutes(119), false, {kRestore}},
             Case{"an interval ago", kNow - hours(1), kNow - hours(2), true, {kHash, kRestore}},
             Case{"done in the future", kNow + hours(1), kNow + hours(1), true, {kHash, kRestore}},
         }) {
        LastProofs proofs;
        if (test.hashed) proofs.last[kHash] = {.level = kHash, .began = *test.hashed};
        auto const found = due(plan, kNow, test.newest, proofs);
        EXPECT_EQ(found.backup, test.backup) << test.name;
        EXPECT_EQ(found.verify, test.verify) << test.name;
    }
    plan.every = std::nullopt;
    EXPECT_FALSE(due(plan, kNow, std::nullopt, {}).backup);
}

TEST(BackupPlan, KeepsTheNewestOfHoursAndDays) {
    std::vector<Baseline> all;
    // Every 30 minutes for 3 days, and a baseline that a person made.
    for (int n = 0; n < 3 * 48; ++n) all.push_back(made(kNow - n * minutes(30)));
    all.push_back({.name = "v1", .tagger = {.name = "p", .email = "p", .time = kNow - hours(900)}});
    auto const gone = to_prune({.last = 1, .hourly = 2, .daily = 3}, all);
    std::vector<std::string> kept;
    for (auto const& baseline : all) {
        if (std::ranges::find(gone, baseline.name) == gone.end()) kept.push_back(baseline.name);
    }
    EXPECT_THAT(kept,
                ElementsAre("backup-2026-11-28T12-00-00Z", "backup-2026-11-28T11-30-00Z",
                            "backup-2026-11-27T23-30-00Z", "backup-2026-11-26T23-30-00Z", "v1"));
    EXPECT_THAT(to_prune({.last = 1'000}, all), IsEmpty());
    EXPECT_EQ(to_prune({.last = 0, .hourly = 0, .daily = 0}, all).size(), all.size() - 1);
}

}  // namespace
}  // namespace meridian::vault
