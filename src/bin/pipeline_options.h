#pragma once
// The command line of `meridian pipeline`.

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/pipeline_commands.h"

namespace meridian::bin {

class PipelineCommands {
  public:
    // Adds the commands to `app`; both outlive this.
    PipelineCommands(CLI::App& app, cli::ConnectionFlags& flags);
    PipelineCommands(PipelineCommands const&) = delete;
    PipelineCommands& operator=(PipelineCommands const&) = delete;

    using Command = std::function<io::Task<>(cli::Connection, Clock const&)>;
    // What the user asked for, after parsing; nothing: none of these.
    [[nodiscard]] std::optional<Command> chosen() const;
    // How the one went that needs no server; nothing: it was not asked for.
    [[nodiscard]] std::optional<Result<void>> checked() const;

  private:
    CLI::App* add(CLI::App* under, char const* name, char const* what);
    // One whose argument is an execution.
    CLI::App* add_for_execution(CLI::App* under, char const* name, char const* what);

    cli::ConnectionFlags& flags_;
    bool json_ = false, dry_run_ = false, follow_ = false;
    std::string name_, id_, message_, commit_;
    cli::NewPipeline wanted_{.name = {}, .repository = {}, .branch = "main"};
    CLI::App* create_ = nullptr;
    CLI::App* delete_ = nullptr;
    CLI::App* list_ = nullptr;
    CLI::App* show_ = nullptr;
    CLI::App* watch_ = nullptr;
    CLI::App* logs_ = nullptr;
    CLI::App* start_ = nullptr;
    CLI::App* approve_ = nullptr;
    CLI::App* reject_ = nullptr;
    CLI::App* abort_ = nullptr;
    CLI::App* rerun_ = nullptr;
    CLI::App* check_ = nullptr;
    std::string file_ = "pipeline.yaml";
};

}  // namespace meridian::bin
