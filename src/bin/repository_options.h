#pragma once
// The command line of `meridian repo`.

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/repository_commands.h"

namespace meridian::bin {

class RepositoryCommands {
  public:
    // Adds the commands to `app`; both outlive this.
    RepositoryCommands(CLI::App& app, cli::ConnectionFlags& flags);
    RepositoryCommands(RepositoryCommands const&) = delete;
    RepositoryCommands& operator=(RepositoryCommands const&) = delete;

    using Command = std::function<io::Task<>(cli::Connection, Clock const&)>;
    // What the user asked for, after parsing; nothing: none of these.
    [[nodiscard]] std::optional<Command> chosen() const;

  private:
    CLI::App* add(CLI::App* under, char const* name, char const* what);

    cli::ConnectionFlags& flags_;
    bool json_ = false, dry_run_ = false, deny_force_push_ = false, yes_ = false;
    std::string name_;
    CLI::App* create_ = nullptr;
    CLI::App* list_ = nullptr;
    CLI::App* show_ = nullptr;
    CLI::App* delete_ = nullptr;
};

}  // namespace meridian::bin
