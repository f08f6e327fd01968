#pragma once
// Runs a backup plan by itself: makes backups, sends copies, verifies and prunes when they are due.
// A failure is logged and tried again at the next look.
//
// Threads: its region's executor.

#include <functional>

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
        // Sends main, the baselines and the proofs to one copy; null: this region has no way to.
        std::function<io::Task<>(std::string copy)> push;
        Clock const& clock;
        Log& log;
    };
    BackupRunner(BackupPlan plan, Parts parts) : plan_(std::move(plan)), parts_(std::move(parts)) {}

    [[nodiscard]] BackupPlan const& plan() const noexcept { return plan_; }

    // For ever. Run in a TaskScope.
    io::Task<> run();

    struct CopyState {
        std::string copy;
        std::optional<WallTime> sent = {};  // the last that went well
        std::string error = {};             // of the last try; empty: it went well
    };
    struct Report {
        Baseline made;
        std::vector<CopyState> copies = {};
    };
    // A backup now, sent to every copy. Errors: those of making it; what copies say is in them.
    io::Task<Report> back_up(std::string message, Signature tagger);
    [[nodiscard]] std::vector<CopyState> const& copies() const noexcept { return copies_; }

    // The backups that the plan's retention does not keep are removed, or only named.
    io::Task<std::vector<std::string>> prune(Retention keep, bool dry_run);

  private:
    io::Task<> look();
    io::Task<> verify(VerifyLevel level);
    io::Task<> send_copies();

    BackupPlan const plan_;
    Parts const parts_;
    std::vector<CopyState> copies_;
    // What the vault said last, so that a look costs nothing: it changes only through this.
    std::optional<WallTime> newest_backup_;
    std::optional<LastProofs> proofs_;
};

}  // namespace meridian::vault
