#pragma once
// `meridian export` and `meridian import`: functions out of and into a region, through AWS's own
// API. Each says what it did, what it could not, and how to undo it; `--json` gives that as JSON.
//
// Threads: the caller's executor. Errors: those of transfer/; kIo after everything was printed
// where something could not be imported.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "cli/vault_commands.h"

namespace meridian::cli {

// Where progress goes: standard error.
struct Messages {
    std::function<void(std::string_view)> print;
    bool terminal = false;
};

enum class ExportForm { kZip, kSam, kCfn };

struct ExportOptions {
    ExportForm form = ExportForm::kZip;
    std::vector<std::string> functions;  // names and patterns; empty: all
    std::filesystem::path to;
    bool with_environment = false;
    bool dry_run = false;
};
io::Task<> export_functions(Connection connection, Clock const& clock, ExportOptions options,
                            Output output, Messages messages);

struct ImportOptions {
    std::vector<std::string> functions;  // names and patterns; empty: all
    std::vector<std::string> map;        // "FROM=TO"
    std::filesystem::path packages;      // SHA256HEX.zip files that the source does not hand out
    bool enable_mappings = false;
    bool without_environment = false;
    bool dry_run = false;
};
io::Task<> import_folder(Connection connection, Clock const& clock, std::filesystem::path from,
                         ImportOptions options, Output output, Messages messages);
io::Task<> import_endpoint(Connection connection, Clock const& clock, Connection source,
                           ImportOptions options, Output output, Messages messages);

}  // namespace meridian::cli
