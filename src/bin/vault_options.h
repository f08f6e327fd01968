#pragma once
// The command line of `meridian baseline`, `meridian backup` and `meridian restore`.

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/job_watch.h"
#include "cli/test_event_commands.h"
#include "cli/vault_commands.h"

namespace meridian::bin {

// --endpoint-url, --region, --profile, --data.
void add_connection_options(CLI::App* command, cli::ConnectionFlags& flags);

// To the standard output, at once.
[[nodiscard]] cli::Output standard_output(bool json, bool dry_run = false);
// Of a command that changes something.
void add_dry_run(CLI::App* command, bool& dry_run);

class VaultCommands {
  public:
    // Adds the commands to `app`; both outlive this.
    VaultCommands(CLI::App& app, cli::ConnectionFlags& flags);
    VaultCommands(VaultCommands const&) = delete;
    VaultCommands& operator=(VaultCommands const&) = delete;

    using Command = std::function<io::Task<>(cli::Connection, Clock const&)>;
    // What the user asked for, after parsing; nothing: none of these.
    [[nodiscard]] std::optional<Command> chosen() const;

  private:
    CLI::App* add(CLI::App* under, char const* name, char const* what);
    void add_test_events(CLI::App& app);
    [[nodiscard]] std::optional<Command> chosen_test_event() const;

    cli::ConnectionFlags& flags_;
    bool json_ = false, dry_run_ = false;
    std::string name_, to_, message_, into_, recovery_key_file_;
    cli::RestoreOptions restore_;
    cli::VerifyOptions verify_;
    cli::PruneOptions prune_;
    cli::TestEventOptions test_event_;
    CLI::App* baseline_create_ = nullptr;
    CLI::App* baseline_list_ = nullptr;
    CLI::App* baseline_show_ = nullptr;
    CLI::App* baseline_diff_ = nullptr;
    CLI::App* baseline_promote_ = nullptr;
    CLI::App* baseline_rollback_ = nullptr;
    CLI::App* backup_create_ = nullptr;
    CLI::App* backup_list_ = nullptr;
    CLI::App* backup_prune_ = nullptr;
    CLI::App* backup_status_ = nullptr;
    CLI::App* backup_verify_ = nullptr;
    CLI::App* job_list_ = nullptr;
    CLI::App* job_show_ = nullptr;
    CLI::App* job_watch_ = nullptr;
    CLI::App* job_cancel_ = nullptr;
    CLI::App* restore_command_ = nullptr;
    CLI::App* test_event_put_ = nullptr;
    CLI::App* test_event_record_ = nullptr;
    CLI::App* test_event_list_ = nullptr;
    CLI::App* test_event_show_ = nullptr;
    CLI::App* test_event_delete_ = nullptr;
};

}  // namespace meridian::bin
