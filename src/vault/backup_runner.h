#pragma once
// Runs a backup plan by itself: makes backups, sends copies, verifies and prunes when they are due.
// A failure is logged and tried again at the next look. Copies are sent side by side, and beside
// verifications, each once at a time: a remote that hangs holds up nothing but the next backup, for
// a while.
//
// Threads: its region's executor.

#include <functional>

#include "regions/growth_signal.h"
#include "vault/backup_plan.h"
#include "vault/verifier.h"

namespace meridian::vault {

// How often it looks whether something is due.
inline constexpr auto kBackupLookInterval = std::chrono::seconds(1);

class BackupRunner {
  public:
    struct Parts {
        VaultKeeper& keeper;
        Verifier& verifier;
        // Sends main, the baselines and the proofs to one copy.
        std::function<io::Task<>(BackupCopy copy, std::chrono::seconds time_max)> push;
        Clock const& clock;
        Log& log;
    };
    BackupRunner(BackupPlan plan, Parts parts);

    [[nodiscard]] BackupPlan const& plan() const noexcept { return plan_; }

    // For ever. Run in a TaskScope.
    io::Task<> run();

    struct CopyState {
        std::string copy;                      // as it is shown
        std::optional<WallTime> sent = {};     // the last that went well, since this process began
        std::string error = {};                // of the last try; empty: it went well
        std::optional<WallTime> sending = {};  // since when, now
    };
    struct Report {
        Baseline made;
        std::vector<CopyState> copies = {};
    };
    // A backup now, sent to every copy. Errors: those of making it, kCancelled (it is made, and
    // copies that did not have it do not get it now); what copies say is in them.
    struct Wish {
        std::string message = {};
        Signature tagger;
        bool again = false;  // the same was begun before, and may have been made
    };
    io::Task<Report> back_up(Wish wish, Progress& progress);
    // In the order of the plan.
    [[nodiscard]] std::vector<CopyState> const& copies() const noexcept { return copies_; }

    // The backups that the plan's retention does not keep are removed, or only named.
    io::Task<std::vector<std::string>> prune(Retention keep, bool dry_run);

  private:
    io::Task<> repeat(std::function<io::Task<>()> look, std::string_view what);
    io::Task<> read_vault();
    io::Task<> look_at_backups();
    io::Task<> look_at_verifications();
    io::Task<> verify(VerifyRequest request);
    io::Task<> send_copies(Progress& progress);
    io::Task<> send_copy(std::size_t number, Progress& progress);
    io::Task<> until_not_sending(CopyState const& state);

    BackupPlan const plan_;
    Parts const parts_;
    std::vector<CopyState> copies_;
    regions::GrowthSignal sent_;  // raised when a copy's sending is over
    // What the vault said last, so that a look costs nothing: it changes only through this.
    std::optional<WallTime> newest_backup_;
    std::optional<LastProofs> proofs_;
};

}  // namespace meridian::vault
