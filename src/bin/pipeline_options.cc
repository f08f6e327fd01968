#include "bin/pipeline_options.h"

#include <utility>

#include "bin/vault_options.h"

namespace meridian::bin {

CLI::App* PipelineCommands::add(CLI::App* under, char const* name, char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_flag("--json", json_, "The answer as JSON");
    return command;
}

CLI::App* PipelineCommands::add_for_execution(CLI::App* under, char const* name, char const* what) {
    auto* const command = add(under, name, what);
    command->add_option("id", id_, "An execution, such as shop:3")->required();
    return command;
}

PipelineCommands::PipelineCommands(CLI::App& app, cli::ConnectionFlags& flags) : flags_(flags) {
    auto* const pipeline =
        app.add_subcommand("pipeline", "What pushes to the region's repositories start");
    pipeline->require_subcommand(1);
    create_ = add(pipeline, "create", "Start executions when a branch is pushed to");
    create_->add_option("name", wanted_.name)->required();
    create_->add_option("--repository", wanted_.repository, "A repository of the region")
        ->required();
    create_->add_option("--branch", wanted_.branch, "Its branch")->capture_default_str();
    delete_ = add(pipeline, "delete", "Forget a pipeline and its executions");
    delete_->add_option("name", name_)->required();
    list_ = add(pipeline, "list", "Every pipeline, or the executions of one");
    list_->add_option("name", name_);
    start_ = add(pipeline, "start", "Start an execution without a push");
    start_->add_option("name", name_)->required();
    start_->add_option("--commit", commit_, "Otherwise: what the branch is at");
    show_ = add_for_execution(pipeline, "show", "One execution and its stages");
    watch_ = add_for_execution(pipeline, "watch", "Follow it until it is over or waits for you");
    logs_ = add_for_execution(pipeline, "logs", "What its stages said");
    logs_->add_flag("--follow,-f", follow_, "Go on until it is over or waits for you");
    approve_ = add_for_execution(pipeline, "approve", "Let it go on");
    reject_ = add_for_execution(pipeline, "reject", "End it at its approval");
    abort_ = add_for_execution(pipeline, "abort", "End it before its next step");
    rerun_ = add_for_execution(pipeline, "rerun", "Start another with the same commit");
    check_ = pipeline->add_subcommand("check", "Show what a push of a pipeline.yaml would do");
    check_->add_option("file", file_)->capture_default_str();
    check_->add_flag("--json", json_, "The answer as JSON");
    for (auto* const command : {create_, delete_, start_, approve_, reject_, abort_, rerun_})
        add_dry_run(command, dry_run_);
    for (auto* const command : {approve_, reject_, abort_})
        command->add_option("--message,-m", message_, "Why");
}

std::optional<Result<void>> PipelineCommands::checked() const {
    if (!*check_) return std::nullopt;
    return cli::check_pipeline(file_, standard_output(json_));
}

std::optional<PipelineCommands::Command> PipelineCommands::chosen() const {
    auto const output = standard_output(json_, dry_run_);
    using cli::Connection;
    if (*create_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::create_pipeline(std::move(connection), clock, wanted_, output);
        };
    }
    if (*delete_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::delete_pipeline(std::move(connection), clock, name_, output);
        };
    }
    if (*list_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::list_pipelines(std::move(connection), clock, name_, output);
        };
    }
    if (*start_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::start_execution(std::move(connection), clock, name_, commit_, output);
        };
    }
    if (*show_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_execution(std::move(connection), clock, id_, output);
        };
    }
    if (*watch_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::watch_execution(std::move(connection), clock, id_, output);
        };
    }
    if (*logs_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_execution_log(std::move(connection), clock, id_, follow_, output);
        };
    }
    for (auto const& [command, verb] :
         {std::pair{approve_, "approve"}, std::pair{reject_, "reject"}, std::pair{abort_, "abort"},
          std::pair{rerun_, "rerun"}}) {
        if (!*command) continue;
        return [=, this, word = std::string(verb)](Connection connection, Clock const& clock) {
            return cli::decide_execution(std::move(connection), clock, id_, word, message_, output);
        };
    }
    return std::nullopt;
}

}  // namespace meridian::bin
