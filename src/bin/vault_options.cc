#include "bin/vault_options.h"

#include <fstream>
#include <iterator>

#include "bin/print_out.h"

namespace meridian::bin {

cli::Output standard_output(bool json, bool dry_run) {
    return {.print = print_out, .json = json, .dry_run = dry_run};
}

void add_dry_run(CLI::App* command, bool& dry_run) {
    command->add_flag("--dry-run", dry_run, "Only say what would be done");
}

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

    baseline_promote_ = add(baseline, "promote", "Bring a baseline into another region");
    baseline_promote_->add_option("name", restore_.baseline)->required();
    baseline_promote_->add_option("--into", into_, "The region that gets it")->required();
    baseline_rollback_ = add(baseline, "rollback", "Go back to a baseline, to the letter");
    baseline_rollback_->add_option("name", restore_.baseline)->required();
    for (auto* const command : {baseline_promote_, baseline_rollback_}) {
        command->add_option("--function", restore_.function, "This one alone");
        command->add_flag("--dry-run", restore_.dry_run, "Only say what would be done");
    }
    baseline_promote_->add_option("--map", restore_.map, "FROM=TO: a text in values, changed");

    auto* const backup = app.add_subcommand("backup", "The vault, its backups and their proofs");
    backup->require_subcommand(1);
    backup_create_ = add(backup, "create", "Back up now, and send every copy");
    backup_create_->add_option("--message,-m", message_, "What it is");
    backup_list_ = add(backup, "list", "Every backup, the newest last, and the copies");
    backup_prune_ = add(backup, "prune", "Remove backups that are not to be kept");
    backup_prune_->add_option("--last", prune_.last, "Keep the newest, however old");
    backup_prune_->add_option("--hourly", prune_.hourly, "Keep the newest of so many hours");
    backup_prune_->add_option("--daily", prune_.daily, "Keep the newest of so many days");
    backup_prune_->add_flag("--dry-run", prune_.dry_run, "Only say what would be removed");
    backup_status_ = add(backup, "status", "How far the vault has followed the region");
    backup_verify_ = add(backup, "verify", "Read and compare everything that a state names");
    backup_verify_->add_option("--baseline", verify_.baseline, "Otherwise: now");
    backup_verify_
        ->add_option("--level", verify_.level,
                     "index: everything is there; hash: and is what it was; restore: and can be "
                     "restored; invoke: and runs")
        ->check(CLI::IsMember({"index", "hash", "restore", "invoke"}))
        ->capture_default_str();
    backup_verify_->add_option("--part", verify_.part, "N/T: this part of the packages alone");

    backup_verify_->add_option("--remote", verify_.copy,
                               "A copy that the configuration names, instead of the vault itself");

    auto* const job = app.add_subcommand("job", "Long work that a region does by itself");
    job->require_subcommand(1);
    job_list_ = add(job, "list", "Restores, verifications and backups, the newest last");
    job_show_ = add(job, "show", "How far one is");
    job_watch_ = add(job, "watch", "Follow one to its end");
    job_cancel_ = add(job, "cancel", "Stop one at its next safe step; what it has done stays");
    for (auto* const command : {job_show_, job_watch_, job_cancel_})
        command->add_option("id", name_, "Such as j-01FHA7Z3K")->required();

    for (auto* const command : {baseline_create_, backup_create_, job_cancel_})
        add_dry_run(command, dry_run_);
    add_test_events(app);

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
    auto const output = standard_output(json_, dry_run_);
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
            return cli::verify_vault(std::move(connection), clock, verify_, output);
        };
    }
    if (*job_list_) {
        return [=](Connection connection, Clock const& clock) {
            return cli::list_jobs(std::move(connection), clock, output);
        };
    }
    if (*job_show_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_job(std::move(connection), clock, name_, output);
        };
    }
    if (*job_watch_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::watch_job(std::move(connection), clock, name_, output);
        };
    }
    if (*job_cancel_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::cancel_job(std::move(connection), clock, name_, output);
        };
    }
    if (*backup_create_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::create_backup(std::move(connection), clock, message_, output);
        };
    }
    if (*backup_list_) {
        return [=](Connection connection, Clock const& clock) {
            return cli::list_backups(std::move(connection), clock, output);
        };
    }
    if (*backup_prune_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::prune_backups(std::move(connection), clock, prune_, output);
        };
    }
    if (*baseline_rollback_) {
        return [=, this](Connection connection, Clock const& clock) {
            auto options = restore_;
            options.exact = true;
            return cli::restore_with_way_back(std::move(connection), clock, "before-rollback",
                                              std::move(options), output);
        };
    }
    if (*baseline_promote_) {
        return [=, this](Connection connection, Clock const& clock) {
            auto options = restore_;
            if (into_ != connection.region) options.from_region = connection.region;
            connection.region = into_;
            return cli::restore_with_way_back(std::move(connection), clock, "before-promote",
                                              std::move(options), output);
        };
    }
    if (!*restore_command_) return chosen_test_event();
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

void VaultCommands::add_test_events(CLI::App& app) {
    auto* const group =
        app.add_subcommand("test-event", "Events that a function is proven with, in the vault");
    group->require_subcommand(1);
    auto const command = [&](char const* name, char const* what) {
        auto* const made = add(group, name, what);
        made->add_option("function", test_event_.function, "Function name or ARN")->required();
        return made;
    };
    test_event_put_ = command("put", "Keep an event");
    test_event_record_ = command("record", "Invoke with an event, and keep it with the answer");
    test_event_list_ = command("list", "A function's events");
    test_event_show_ = command("show", "One event");
    test_event_delete_ = command("delete", "Remove an event");
    for (auto* const one :
         {test_event_put_, test_event_record_, test_event_show_, test_event_delete_})
        one->add_option("name", test_event_.name)->required();
    for (auto* const one : {test_event_put_, test_event_record_, test_event_delete_})
        add_dry_run(one, dry_run_);
    for (auto* const one : {test_event_put_, test_event_record_})
        one->add_option("--event", test_event_.event_file, "File with the event")->required();
    test_event_put_->add_option("--answer", test_event_.answer_file,
                                "File with what the function is to answer");
}

std::optional<VaultCommands::Command> VaultCommands::chosen_test_event() const {
    auto const output = standard_output(json_, dry_run_);
    auto const run = [&](auto action) -> Command {
        return [=, options = test_event_](cli::Connection connection, Clock const& clock) {
            return action(std::move(connection), clock, options, output);
        };
    };
    if (*test_event_put_) return run(cli::put_test_event);
    if (*test_event_record_) return run(cli::record_test_event);
    if (*test_event_list_ || *test_event_show_) return run(cli::show_test_events);
    if (*test_event_delete_) return run(cli::delete_test_event);
    return std::nullopt;
}

}  // namespace meridian::bin
