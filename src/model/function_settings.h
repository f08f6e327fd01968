#pragma once
// What a function's owner sets and a published version freezes. Which of these settings do nothing
// here: docs/operating/settings.md.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/layer.h"
#include "model/limits.h"

namespace meridian::model {

using EnvironmentVariables = std::map<std::string, std::string>;

struct VpcConfig {
    std::vector<std::string> subnet_ids = {};
    std::vector<std::string> security_group_ids = {};
    bool ipv6_allowed_for_dual_stack = false;

    bool operator==(VpcConfig const&) const = default;
};

struct FileSystemConfig {
    std::string arn;
    std::string local_mount_path;

    bool operator==(FileSystemConfig const&) const = default;
};

// Of logs in JSON; logs in text have none. As the API names them: "TRACE" … "FATAL" for what the
// function writes, "DEBUG", "INFO", "WARN" for the platform's own lines.
struct LogLevels {
    std::string application = "INFO";
    std::string system = "INFO";

    bool operator==(LogLevels const&) const = default;
};

struct FunctionSettings {
    std::string description = {};
    std::string runtime = {};  // "nodejs22.x"; what exists is data (runtimes.h)
    std::string handler = {};
    std::string role_arn = {};
    int timeout_seconds = limits::kTimeoutSecondsDefault;
    int memory_mb = limits::kMemoryMbDefault;
    int ephemeral_storage_mb = limits::kEphemeralStorageMbDefault;
    std::string architecture = "x86_64";
    // Nothing if never set: then the API shows no Environment at all.
    std::optional<EnvironmentVariables> environment = {};
    // Nothing means the default, /aws/lambda/<function name>.
    std::optional<std::string> log_group = {};
    std::optional<LogLevels> json_logs = {};  // nothing: LogFormat Text
    // Nothing if never set: then the API shows none.
    std::optional<VpcConfig> vpc = {};
    // In the order in which they are laid over each other; later ones win.
    std::vector<LayerReference> layers = {};
    std::vector<FileSystemConfig> file_systems = {};
    std::string kms_key_arn = {};             // empty: AWS's own key
    std::string dead_letter_target_arn = {};  // empty: none
    bool active_tracing = false;
    bool snap_start = false;  // ApplyOn PublishedVersions

    bool operator==(FunctionSettings const&) const = default;
};

}  // namespace meridian::model
