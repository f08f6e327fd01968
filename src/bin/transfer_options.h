#pragma once
// The command line of `meridian export` and `meridian import`.

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/transfer_commands.h"

namespace meridian::bin {

class TransferCommands {
  public:
    // Adds the commands to `app`; both outlive this.
    TransferCommands(CLI::App& app, cli::ConnectionFlags& flags, cli::Environment environment);
    TransferCommands(TransferCommands const&) = delete;
    TransferCommands& operator=(TransferCommands const&) = delete;

    // `meridian import`, for those who add a form of it.
    [[nodiscard]] CLI::App& imports() const { return *imports_; }

    using Command = std::function<io::Task<>(cli::Connection, Clock const&)>;
    // What the user asked for, after parsing; nothing: none of these.
    [[nodiscard]] std::optional<Command> chosen() const;

  private:
    CLI::App* add_export(CLI::App* under, cli::ExportForm form, char const* name, char const* what);
    CLI::App* add_import(CLI::App* under, char const* name, char const* what);
    [[nodiscard]] Result<cli::Connection> source() const;

    cli::ConnectionFlags& flags_;
    cli::Environment environment_;
    cli::ConnectionFlags source_flags_;
    bool json_ = false, all_ = false;
    std::string into_;
    std::filesystem::path folder_;
    cli::ExportOptions export_;
    cli::ImportOptions import_;
    std::vector<std::pair<CLI::App*, cli::ExportForm>> exports_;
    CLI::App* imports_ = nullptr;
    CLI::App* import_dir_ = nullptr;
    CLI::App* import_aws_ = nullptr;
};

}  // namespace meridian::bin
