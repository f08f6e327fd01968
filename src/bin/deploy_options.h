#pragma once
// The command line of `meridian deploy`, `meridian import sam`, `meridian build`, `meridian
// rollout` and `meridian stack`.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/build_command.h"
#include "cli/connection.h"
#include "cli/deploy_commands.h"
#include "cli/rollout_commands.h"

namespace meridian::bin {

class DeployCommands {
  public:
    // Adds the commands to `app`, and `sam` to `imports`; all outlive this.
    DeployCommands(CLI::App& app, CLI::App& imports, cli::ConnectionFlags& flags,
                   cli::Environment environment);
    DeployCommands(DeployCommands const&) = delete;
    DeployCommands& operator=(DeployCommands const&) = delete;

    using Command = std::function<io::Task<>(cli::Connection, Clock const&)>;
    // What the user asked for, after parsing; nothing: none of these.
    [[nodiscard]] std::optional<Command> chosen() const;

  private:
    CLI::App* add(CLI::App* under, char const* name, char const* what);
    CLI::App* add_deploy(CLI::App* under, char const* name, char const* what);
    void add_build_command(CLI::App& app);
    void add_rollout_commands(CLI::App& app);
    void add_stack_commands(CLI::App& app);
    [[nodiscard]] cli::DeployTools tools(cli::Connection const& base, Clock const& clock) const;
    // --regions, or the connection's own.
    [[nodiscard]] std::vector<std::string> regions(cli::Connection const& base) const;

    cli::ConnectionFlags& flags_;
    cli::Environment const environment_;
    bool json_ = false, dry_run_ = false;
    std::string name_;
    std::vector<std::string> regions_;
    std::vector<std::string> endpoints_;  // "REGION=URL"
    cli::DeployOptions deploy_;
    cli::BuildOptions build_;
    cli::DeleteOptions delete_;
    CLI::App* deploy_command_ = nullptr;
    CLI::App* import_sam_ = nullptr;
    CLI::App* build_command_ = nullptr;
    CLI::App* rollout_list_ = nullptr;
    CLI::App* rollout_show_ = nullptr;
    CLI::App* rollout_watch_ = nullptr;
    CLI::App* rollout_abort_ = nullptr;
    CLI::App* rollout_resume_ = nullptr;
    CLI::App* stack_list_ = nullptr;
    CLI::App* stack_show_ = nullptr;
    CLI::App* stack_drift_ = nullptr;
    CLI::App* stack_delete_ = nullptr;
};

}  // namespace meridian::bin
