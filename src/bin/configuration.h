#pragma once
// meridian.yaml: what a process needs to start and no flag says (docs/operating/configuration.md).
// Keys that are not known are refused, with their line.

#include <filesystem>

#include "builds/build.h"
#include "vault/backup_plan.h"

namespace meridian::bin {

struct Configuration {
    vault::BackupPlan backup = {};
    builds::BuildSettings build = {};
};

// The file's text, once it is known to be right. kInvalidParameterValue with "FILE:LINE:COLUMN: …";
// kIo.
[[nodiscard]] Result<std::string> read_checked_configuration(std::filesystem::path const& path);
// `name` is the file's, for messages.
[[nodiscard]] Result<Configuration> parse_configuration(std::string const& name,
                                                        std::string const& text);

// "90s", "5m", "12h", "7d"; at least one second.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace meridian::bin
