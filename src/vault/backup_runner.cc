#include "vault/backup_runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/all.h"
#include "io/caught.h"
#include "io/sleep.h"
#include "vault/unless_stopped.h"

namespace meridian::vault {
namespace {

constexpr char kSchedule[] = "schedule";
constexpr int kBackupsASecondMax = 100;
constexpr auto kFailureWait = std::chrono::minutes(1);

Result<Baseline> make_backup(Vault& vault, BackupRunner::Wish const& wish) {
    auto const first = backup_name(wish.tagger.time);
    for (int n = 1;; ++n) {
        auto const name = n == 1 ? first : fmt::format("{}.{}", first, n);
        auto made = vault.create_baseline(name, wish.message, wish.tagger);
        bool const taken = !made && made.error().code == Errc::kResourceConflict;
        // More than one in a second.
        if (!taken || n == kBackupsASecondMax) return made;
        if (!wish.again) continue;
        MERIDIAN_TRY(auto there, vault.baseline(name));
        if (there.tagger == wish.tagger) return there;
    }
}

std::optional<WallTime> newest_backup(std::vector<Baseline> const& baselines) {
    std::optional<WallTime> newest;
    for (auto const& baseline : baselines) {
        if (is_backup(baseline))
            newest = std::max(newest.value_or(WallTime{}), baseline.tagger.time);
    }
    return newest;
}

}  // namespace

BackupRunner::BackupRunner(BackupPlan plan, Parts parts)
    : plan_(std::move(plan)), parts_(std::move(parts)) {
    for (auto const& copy : plan_.copies) copies_.push_back({.copy = shown_remote(copy.remote)});
}

io::Task<> BackupRunner::run() {
    std::vector<io::Task<>> both;
    both.push_back(repeat([this] { return look_at_backups(); }, "a scheduled backup failed"));
    both.push_back(
        repeat([this] { return look_at_verifications(); }, "a scheduled verification failed"));
    co_return co_await io::all(std::move(both));
}

io::Task<> BackupRunner::repeat(std::function<io::Task<>()> look, std::string_view what) {
    for (;;) {
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kBackupLookInterval));
        auto const looked = co_await io::caught(look());
        if (looked) continue;
        if (looked.error().code == Errc::kCancelled) co_return looked;
        parts_.log.write(LogLevel::kError, what, {{"error", looked.error().message}});
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kFailureWait));
    }
}

io::Task<> BackupRunner::read_vault() {
    if (proofs_) co_return Result<void>{};
    struct Found {
        std::vector<Baseline> baselines;
        LastProofs proofs;
    };
    MERIDIAN_CO_TRY(auto found,
                    co_await parts_.keeper.with_vault([](Vault& vault) -> Result<Found> {
                        Found out;
                        MERIDIAN_TRY(out.baselines, vault.baselines());
                        MERIDIAN_TRY(out.proofs, vault.proofs());
                        return out;
                    }));
    newest_backup_ = newest_backup(found.baselines);
    proofs_ = std::move(found.proofs);
    co_return Result<void>{};
}

io::Task<> BackupRunner::look_at_backups() {
    MERIDIAN_CO_CHECK(co_await read_vault());
    auto const now = parts_.clock.wall_now();
    if (!due(plan_, now, newest_backup_, {}).backup) co_return Result<void>{};
    Progress nobody_looks(parts_.clock);
    MERIDIAN_CO_TRY(
        auto const report,
        co_await back_up({.tagger = {.name = "Meridian",
                                     .email = kSchedule,
                                     .time = std::chrono::floor<std::chrono::seconds>(now)}},
                         nobody_looks));
    for (auto const& copy : report.copies) {
        if (copy.error.empty()) continue;
        parts_.log.write(LogLevel::kError, "a copy of the vault did not get the backup",
                         {{"copy", copy.copy}, {"error", copy.error}});
    }
    MERIDIAN_CO_CHECK(co_await prune(plan_.keep, false));
    co_return Result<void>{};
}

io::Task<> BackupRunner::look_at_verifications() {
    MERIDIAN_CO_CHECK(co_await read_vault());
    auto const work = due(plan_, parts_.clock.wall_now(), newest_backup_, *proofs_);
    for (auto const level : work.verify) {
        VerifyRequest request{.level = level, .by = kSchedule};
        if (level == VerifyLevel::kHash && plan_.hash_parts > 1) {
            MERIDIAN_CO_CHECK(co_await read_vault());
            auto const last = proofs_->last.find(level);
            bool const goes_on =
                last != proofs_->last.end() && last->second.part.parts == plan_.hash_parts;
            request.part = goes_on ? last->second.part.next() : VerifyPart{1, plan_.hash_parts};
        }
        MERIDIAN_CO_CHECK(co_await verify(std::move(request)));
    }
    for (auto const& copy : work.verify_copies) {
        MERIDIAN_CO_CHECK(
            co_await verify({.level = VerifyLevel::kHash, .by = kSchedule, .copy = copy}));
    }
    co_return Result<void>{};
}

io::Task<> BackupRunner::verify(VerifyRequest request) {
    auto const proof = co_await parts_.verifier.verify(std::move(request));
    proofs_.reset();
    if (!proof) co_return std::unexpected(proof.error());
    auto const where = proof->copy.empty() ? std::string("the vault") : proof->copy;
    for (auto const& problem : proof->problems) {
        parts_.log.write(
            LogLevel::kError, "the vault has a problem",
            {{"level", std::string(name_of(proof->level))}, {"in", where}, {"problem", problem}});
    }
    co_return Result<void>{};
}

io::Task<BackupRunner::Report> BackupRunner::back_up(Wish wish, Progress& progress) {
    Report report;
    progress.begin("making a baseline");
    MERIDIAN_CO_TRY(report.made, co_await parts_.keeper.with_vault(
                                     [wish](Vault& vault) { return make_backup(vault, wish); }));
    newest_backup_ = report.made.tagger.time;
    MERIDIAN_CO_CHECK(co_await send_copies(progress));
    report.copies = copies_;
    co_return report;
}

io::Task<> BackupRunner::send_copies(Progress& progress) {
    progress.begin("copies sent", copies_.size());
    std::vector<io::Task<>> sends;
    for (std::size_t n = 0; n < copies_.size(); ++n) sends.push_back(send_copy(n, progress));
    co_return co_await io::all(std::move(sends));
}

io::Task<> BackupRunner::until_not_sending(CopyState const& state) {
    while (state.sending) {
        MERIDIAN_CO_CHECK(co_await sent_.wait(sent_.generation()));
    }
    co_return Result<void>{};
}

io::Task<> BackupRunner::send_copy(std::size_t number, Progress& progress) {
    auto& state = copies_[number];
    auto const& copy = plan_.copies[number];
    // Two pushes would be in each other's way; who waited sends what is newest then.
    MERIDIAN_CO_CHECK(co_await unless_stopped(progress, until_not_sending(state)));
    state.sending = parts_.clock.wall_now();
    auto const sent =
        co_await io::caught(unless_stopped(progress, parts_.push(copy, plan_.copy_time_max)));
    state.sending.reset();
    sent_.raise();
    if (sent) {
        progress.step();
        state.sent = parts_.clock.wall_now();
        state.error.clear();
        co_return Result<void>{};
    }
    state.error = sent.error().message;
    if (sent.error().code == Errc::kCancelled) co_return sent;
    progress.step();
    // What git says may have the URL in it, and that a password.
    for (auto at = state.error.find(copy.remote); at != std::string::npos;
         at = state.error.find(copy.remote, at + state.copy.size()))
        state.error.replace(at, copy.remote.size(), state.copy);
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
