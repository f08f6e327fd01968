#include "bin/deploy_options.h"

#include <cstdio>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "bin/print_out.h"
#include "bin/vault_options.h"
#include "deploy/rollout_record.h"

namespace meridian::bin {
namespace {

bool ask_person(std::string_view question) {
    print_out(question);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

CLI::App* DeployCommands::add(CLI::App* under, char const* name, char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_flag("--json", json_, "The answer as JSON");
    command->add_option("--regions", regions_, "Regions, separated by commas; otherwise --region")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--endpoint", endpoints_, "REGION=URL: where that region is, if elsewhere")
        ->check([](std::string const& text) {
            return text.find('=') == std::string::npos ? std::string("not REGION=URL")
                                                       : std::string();
        })
        ->allow_extra_args(false);
    return command;
}

CLI::App* DeployCommands::add_deploy(CLI::App* under, char const* name, char const* what) {
    auto* const command = add(under, name, what);
    command
        ->add_option(
            "template", deploy_.source,
            "Folder with a template.yaml, a file, or a commit: git:REF:PATH, REPO#REF:PATH")
        ->required();
    command->add_option("--stack", deploy_.stack, "Its name; otherwise the folder's");
    command->add_option("--parameter", deploy_.parameters, "NAME=VALUE")->allow_extra_args(false);
    command->add_flag("--dry-run", deploy_.dry_run, "Only say what would be done");
    command->add_flag("--yes,-y", deploy_.yes, "Ask nothing");
    command->add_flag("--ignore-foreign", deploy_.ignore_foreign,
                      "Leave out resources that are not Meridian's");
    return command;
}

DeployCommands::DeployCommands(CLI::App& app, CLI::App& imports, cli::ConnectionFlags& flags,
                               cli::Environment environment)
    : flags_(flags), environment_(std::move(environment)) {
    deploy_command_ = add_deploy(
        &app, "deploy", "Make a SAM or CloudFormation template so, in one or more regions");
    deploy_command_->add_option("--waves", deploy_.waves,
                                "'a;b,c': which regions after which; otherwise all at once");
    deploy_command_
        ->add_option("--bake", deploy_.bake_seconds,
                     "Seconds that a region is watched before the next wave")
        ->check(CLI::Range(std::uint64_t{0}, deploy::kBakeSecondsMax));
    deploy_command_->add_flag("--drift", deploy_.drift, "Only say what was changed by hand");
    deploy_command_->add_flag("--rollback-earlier-waves", deploy_.roll_back_earlier_waves,
                              "After a failure the waves before go back, too");
    import_sam_ =
        add_deploy(&imports, "sam",
                   "A SAM or CloudFormation template with its packages, as a stack: what "
                   "`meridian export sam` wrote, or another; the same as `meridian deploy`");
    import_sam_->add_option("--into", regions_, "The region that gets it; the same as --regions")
        ->delimiter(',')
        ->allow_extra_args(false);
    add_build_command(app);
    add_rollout_commands(app);
    add_stack_commands(app);
}

void DeployCommands::add_build_command(CLI::App& app) {
    build_command_ =
        app.add_subcommand("build", "Make a template's packages, in the region's sandboxes");
    add_connection_options(build_command_, flags_);
    build_command_->add_flag("--json", json_, "The answer as JSON");
    build_command_
        ->add_option(
            "template", build_.source,
            "Folder with a template.yaml, a file, or a commit: git:REF:PATH, REPO#REF:PATH")
        ->required();
    build_command_->add_option("resource", build_.resources, "Logical ids; otherwise all");
    build_command_->add_option("--parameter", build_.parameters, "NAME=VALUE")
        ->allow_extra_args(false);
    build_command_->add_option("--output", build_.output, "Folder for the packages: ID.zip");
    build_command_->add_flag("--check-reproducible", build_.check_reproducible,
                             "Build twice, and fail where the packages differ");
    build_command_->add_flag("--ignore-foreign", build_.ignore_foreign,
                             "Leave out resources that are not Meridian's");
}

void DeployCommands::add_rollout_commands(CLI::App& app) {
    auto* const rollout = app.add_subcommand("rollout", "Executions of deploys");
    rollout->require_subcommand(1);
    rollout_list_ = add(rollout, "list", "Every one that the region knows, the newest last");
    rollout_show_ = add(rollout, "show", "How far one is");
    rollout_watch_ = add(rollout, "watch", "Until it is over");
    rollout_abort_ = add(rollout, "abort", "Go back to what was before");
    rollout_resume_ = add(rollout, "resume", "Finish what another driver has left");
    for (auto* const command : {rollout_show_, rollout_watch_, rollout_abort_, rollout_resume_})
        command->add_option("id", name_, "Such as d-0123ABCDE")->required();
    for (auto* const command : {rollout_abort_, rollout_resume_}) add_dry_run(command, dry_run_);
}

void DeployCommands::add_stack_commands(CLI::App& app) {
    auto* const stack = app.add_subcommand("stack", "What deploys own");
    stack->require_subcommand(1);
    stack_list_ = add(stack, "list", "Every stack");
    stack_show_ = add(stack, "show", "One stack's resources and outputs");
    stack_drift_ = add(stack, "drift", "What was changed by hand since the last deploy");
    stack_delete_ = add(stack, "delete", "Remove a stack and everything it owns");
    for (auto* const command : {stack_show_, stack_drift_, stack_delete_})
        command->add_option("name", name_)->required();
    stack_delete_->add_flag("--dry-run", delete_.dry_run, "Only say what would be done");
    stack_delete_->add_flag("--yes,-y", delete_.yes, "Ask nothing");
}

std::vector<std::string> DeployCommands::regions(cli::Connection const& base) const {
    return regions_.empty() ? std::vector{base.region} : regions_;
}

cli::DeployTools DeployCommands::tools(cli::Connection const& base, Clock const& clock) const {
    auto const connect = [this, base](std::string const& region) -> Result<cli::Connection> {
        for (auto const& endpoint : endpoints_) {
            auto const equals = endpoint.find('=');
            if (endpoint.substr(0, equals) != region) continue;
            auto flags = flags_;
            flags.endpoint_url = endpoint.substr(equals + 1);
            flags.region = region;
            return cli::find_connection(flags, environment_);
        }
        auto connection = base;
        connection.region = region;
        return connection;
    };
    bool const terminal = ::isatty(STDOUT_FILENO) == 1;
    bool const asks = terminal && ::isatty(STDIN_FILENO) == 1 && !json_;
    return {.connect = connect,
            .clock = clock,
            .output = standard_output(json_, dry_run_),
            .terminal = terminal,
            .confirm = asks ? std::function<bool(std::string_view)>(ask_person) : nullptr};
}

std::optional<DeployCommands::Command> DeployCommands::chosen() const {
    if (flags_.region.empty() && !regions_.empty()) flags_.region = regions_.front();
    if (*deploy_command_ || *import_sam_) {
        return [this](cli::Connection const& base, Clock const& clock) {
            auto options = deploy_;
            options.regions = regions(base);
            return cli::deploy_template(tools(base, clock), std::move(options));
        };
    }
    if (*build_command_) {
        return [this](cli::Connection const& base, Clock const& clock) {
            auto options = build_;
            options.region = base.region;
            return cli::build_template(tools(base, clock), std::move(options));
        };
    }
    if (*stack_delete_) {
        return [this](cli::Connection const& base, Clock const& clock) {
            return cli::delete_stack(tools(base, clock), regions(base), name_, delete_);
        };
    }
    struct OfRegions {
        CLI::App* command;
        io::Task<> (*run)(cli::DeployTools, std::vector<std::string>);
    };
    for (auto const& [command, run] :
         {OfRegions{rollout_list_, cli::list_rollouts}, OfRegions{stack_list_, cli::list_stacks}}) {
        if (!*command) continue;
        return [this, run](cli::Connection const& base, Clock const& clock) {
            return run(tools(base, clock), regions(base));
        };
    }
    struct OfOne {
        CLI::App* command;
        io::Task<> (*run)(cli::DeployTools, std::vector<std::string>, std::string);
    };
    for (auto const& [command, run] :
         {OfOne{rollout_show_, cli::show_rollout}, OfOne{rollout_watch_, cli::watch_rollout},
          OfOne{rollout_abort_, cli::abort_rollout}, OfOne{rollout_resume_, cli::resume_rollout},
          OfOne{stack_show_, cli::show_stack}, OfOne{stack_drift_, cli::show_drift}}) {
        if (!*command) continue;
        return [this, run](cli::Connection const& base, Clock const& clock) {
            return run(tools(base, clock), regions(base), name_);
        };
    }
    return std::nullopt;
}

}  // namespace meridian::bin
