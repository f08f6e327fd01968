#include "vault/backup_runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/sleep.h"

namespace meridian::vault {
namespace {

constexpr char kSchedule[] = "schedule";
constexpr int kBackupsASecondMax = 100;
constexpr auto kFailureWait = std::chrono::minutes(1);

std::optional<WallTime> newest_backup(std::vector<Baseline> const& baselines) {
    std::optional<WallTime> newest;
    for (auto const& baseline : baselines) {
        if (is_backup(baseline))
            newest = std::max(newest.value_or(WallTime{}), baseline.tagger.time);
    }
    return newest;
}

}  // namespace

io::Task<> BackupRunner::run() {
    for (;;) {
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kBackupLookInterval));
        auto const looked = co_await look();
        if (looked) continue;
        parts_.log.write(LogLevel::kError, "a scheduled backup or verification failed",
                         {{"error", looked.error().message}});
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kFailureWait));
    }
}

io::Task<> BackupRunner::look() {
    struct Found {
        std::vector<Baseline> baselines;
        LastProofs proofs;
    };
    if (!proofs_) {
        MERIDIAN_CO_TRY(auto found,
                        co_await parts_.keeper.with_vault([](Vault& vault) -> Result<Found> {
                            Found out;
                            MERIDIAN_TRY(out.baselines, vault.baselines());
                            MERIDIAN_TRY(out.proofs, vault.proofs());
                            return out;
                        }));
        newest_backup_ = newest_backup(found.baselines);
        proofs_ = std::move(found.proofs);
    }
    auto const now = parts_.clock.wall_now();
    auto const work = due(plan_, now, newest_backup_, *proofs_);
    if (work.backup) {
        MERIDIAN_CO_TRY(
            auto const report,
            co_await back_up({}, {.name = "Meridian",
                                  .email = kSchedule,
                                  .time = std::chrono::floor<std::chrono::seconds>(now)}));
        for (auto const& copy : report.copies) {
            if (copy.error.empty()) continue;
            parts_.log.write(LogLevel::kError, "a copy of the vault did not get the backup",
                             {{"copy", copy.copy}, {"error", copy.error}});
        }
        MERIDIAN_CO_CHECK(co_await prune(plan_.keep, false));
    }
    for (auto const level : work.verify) {
        MERIDIAN_CO_CHECK(co_await verify(level));
    }
    co_return Result<void>{};
}

io::Task<> BackupRunner::verify(VerifyLevel level) {
    VerifyRequest request{.level = level, .by = kSchedule};
    if (level == VerifyLevel::kHash && plan_.hash_parts > 1) {
        MERIDIAN_CO_TRY(auto const proofs, co_await parts_.keeper.with_vault(
                                               [](Vault& vault) { return vault.proofs(); }));
        auto const last = proofs.last.find(level);
        bool const goes_on =
            last != proofs.last.end() && last->second.part.parts == plan_.hash_parts;
        request.part = goes_on ? last->second.part.next() : VerifyPart{1, plan_.hash_parts};
    }
    auto const proof = co_await parts_.verifier.verify(std::move(request));
    proofs_.reset();
    if (!proof) co_return std::unexpected(proof.error());
    for (auto const& problem : proof->problems) {
        parts_.log.write(LogLevel::kError, "the vault has a problem",
                         {{"level", std::string(name_of(level))}, {"problem", problem}});
    }
    co_return Result<void>{};
}

io::Task<BackupRunner::Report> BackupRunner::back_up(std::string message, Signature tagger) {
    Report report;
    MERIDIAN_CO_TRY(report.made, co_await parts_.keeper.with_vault([message, tagger](Vault& vault) {
        auto const name = backup_name(tagger.time);
        auto made = vault.create_baseline(name, message, tagger);
        // More than one in a second.
        for (int n = 2;
             n <= kBackupsASecondMax && !made && made.error().code == Errc::kResourceConflict; ++n)
            made = vault.create_baseline(fmt::format("{}.{}", name, n), message, tagger);
        return made;
    }));
    newest_backup_ = report.made.tagger.time;
    MERIDIAN_CO_CHECK(co_await send_copies());
    report.copies = copies_;
    co_return report;
}

io::Task<> BackupRunner::send_copies() {
    std::vector<CopyState> now;
    for (auto const& copy : plan_.copies) {
        CopyState state{.copy = copy};
        auto const before = std::ranges::find(copies_, copy, &CopyState::copy);
        if (before != copies_.end()) state.sent = before->sent;
        auto const sent = co_await parts_.push(copy);
        if (sent) {
            state.sent = parts_.clock.wall_now();
        } else {
            state.error = sent.error().message;
        }
        now.push_back(std::move(state));
    }
    copies_ = std::move(now);
    co_return Result<void>{};
}

io::Task<std::vector<std::string>> BackupRunner::prune(Retention keep, bool dry_run) {
    co_return co_await parts_.keeper.with_vault(
        [keep, dry_run](Vault& vault) -> Result<std::vector<std::string>> {
            MERIDIAN_TRY(auto const baselines, vault.baselines());
            auto names = to_prune(keep, baselines);
            if (dry_run) return names;
            for (auto const& name : names) {
                MERIDIAN_CHECK(vault.remove_baseline(name));
            }
            return names;
        });
}

}  // namespace meridian::vault
