#include "bin/repository_options.h"

#include "bin/vault_options.h"

namespace meridian::bin {
namespace {

io::Task<> not_confirmed() {
    co_return fail(Errc::kInvalidParameterValue,
                   "It cannot be undone: --yes does it, --dry-run says what it would do.");
}

}  // namespace

CLI::App* RepositoryCommands::add(CLI::App* under, char const* name, char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_flag("--json", json_, "The answer as JSON");
    return command;
}

RepositoryCommands::RepositoryCommands(CLI::App& app, cli::ConnectionFlags& flags) : flags_(flags) {
    auto* const repo = app.add_subcommand("repo", "The region's git repositories");
    repo->require_subcommand(1);
    create_ = add(repo, "create", "Make an empty repository");
    create_->add_option("name", name_)->required();
    create_->add_flag("--deny-force-push", deny_force_push_,
                      "Refuse pushes that take commits away from a branch");
    list_ = add(repo, "list", "Every repository");
    show_ = add(repo, "show", "One repository and its branches");
    show_->add_option("name", name_)->required();
    delete_ = add(repo, "delete", "Delete a repository with everything in it");
    delete_->add_option("name", name_)->required();
    delete_->add_flag("--yes", yes_, "Really: it cannot be undone");
    for (auto* const command : {create_, delete_}) add_dry_run(command, dry_run_);
}

std::optional<RepositoryCommands::Command> RepositoryCommands::chosen() const {
    auto const output = standard_output(json_, dry_run_);
    using cli::Connection;
    if (*create_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::create_repository(std::move(connection), clock, name_, deny_force_push_,
                                          output);
        };
    }
    if (*list_) {
        return [=](Connection connection, Clock const& clock) {
            return cli::list_repositories(std::move(connection), clock, output);
        };
    }
    if (*show_) {
        return [=, this](Connection connection, Clock const& clock) {
            return cli::show_repository(std::move(connection), clock, name_, output);
        };
    }
    if (!*delete_) return std::nullopt;
    return [=, this](Connection connection, Clock const& clock) -> io::Task<> {
        if (!yes_ && !dry_run_) return not_confirmed();
        return cli::delete_repository(std::move(connection), clock, name_, output);
    };
}

}  // namespace meridian::bin
