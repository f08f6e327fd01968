#include "bin/vault_options.h"

#include <cstdio>
#include <fstream>
#include <iterator>

namespace meridian::bin {
namespace {

void print_out(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

void add_connection_options(CLI::App* command, cli::ConnectionFlags& flags) {
    command->add_option("--endpoint-url", flags.endpoint_url, "The API's URL");
    command->add_option("--region", flags.region, "Region");
    command->add_option("--profile", flags.profile, "AWS profile");
    command->add_option("--data", flags.data, "Data directory of a running `meridian up`")
        ->capture_default_str();
}

CLI::App* VaultCommands::add(CLI::App* under, char const* name, char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_flag("--json", json_, "The answer as JSON");
    return command;
}

VaultCommands::VaultCommands(CLI::App& app, cli::ConnectionFlags& flags) : flags_(flags) {
    auto* const baseline =
        app.add_subcommand("baseline", "Named, signed states of a region: tags of its vault");
    baseline->require_subcommand(1);
    baseline_create_ = add(baseline, "create", "Name the state of now");
    baseline_create_->add_option("name", name_, "Otherwise the day and a number");
    baseline_create_->add_option("--message,-m", message_, "What it is");
    baseline_list_ = add(baseline, "list", "Every baseline, the newest last");
    baseline_show_ = add(baseline, "show", "One baseline");
    baseline_show_->add_option("name", name_)->required();
    baseline_diff_ = add(baseline, "diff", "What changed from one baseline to another, or to now");
    baseline_diff_->add_option("from", name_)->required();
    baseline_diff_->add_option("to", to_, "Otherwise: now");

    auto* const backup = app.add_subcommand("backup", "The vault itself");
    backup->require_subcommand(1);
    backup_status_ = add(backup, "status", "How far the vault has followed the region");
    backup_verify_ = add(backup, "verify", "Read and compare everything that a state names");
    backup_verify_->add_option("--baseline", name_, "Otherwise: now");

    restore_command_ = add(&app, "restore", "Bring back a baseline or a moment");
    auto* const which = restore_command_->add_option_group("state");
    which->add_option("--baseline", restore_.baseline, "A baseline's name");
    which->add_option("--at", restore_.at, "A moment, such as 2026-11-23T10:42:07Z");
    which->require_option(1);
    restore_command_->add_option("--function", restore_.function, "This one alone");
    restore_command_->add_option("--into", into_, "The region that gets it; otherwise its own");
    restore_command_->add_option("--vault", restore_.vault,
                                 "Another vault: a folder on the server's machine");
    restore_command_->add_option("--recovery-key-file", recovery_key_file_,
                                 "File with that vault's recovery key");
    restore_command_->add_option("--signer", restore_.signer,
                                 "Fingerprint of whom you trust to have signed the baseline");
    restore_command_->add_option("--map", restore_.map, "FROM=TO: a text in values, changed");
    restore_command_->add_flag("--exact", restore_.exact,
                               "Also remove what the state does not have");
    restore_command_->add_flag("--dry-run", restore_.dry_run, "Only say what would be done");
}

std::optional<VaultCommands::Command> VaultCommands::chosen() const {
    cli::Output const output{.print = print_out, .json = json_};
    using cli::Connection;
    if (*baseline_create_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::create_baseline(std::move(connection), clock, name_, message_, output);
        };
    }
    if (*baseline_list_) {
        return [=](Connection connection, Clock const& clock) {
            return cli::list_baselines(std::move(connection), clock, output);
        };
    }
    if (*baseline_show_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_baseline(std::move(connection), clock, name_, output);
        };
    }
    if (*baseline_diff_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_changes(std::move(connection), clock, name_, to_, output);
        };
    }
    if (*backup_status_) {
        return [=](Connection connection, Clock const& clock) {
            return cli::show_vault(std::move(connection), clock, output);
        };
    }
    if (*backup_verify_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::verify_vault(std::move(connection), clock, name_, output);
        };
    }
    if (!*restore_command_) return std::nullopt;
    return [=, this](Connection connection, Clock const& clock) {
        auto options = restore_;
        if (!recovery_key_file_.empty()) {
            std::ifstream in(recovery_key_file_);
            options.recovery_key = std::string(std::istreambuf_iterator<char>(in), {});
            while (options.recovery_key.ends_with('\n')) options.recovery_key.pop_back();
        }
        if (!into_.empty() && into_ != connection.region) {
            if (options.vault.empty()) options.from_region = connection.region;
            connection.region = into_;
        }
        return cli::restore(std::move(connection), clock, std::move(options), output);
    };
}

}  // namespace meridian::bin
