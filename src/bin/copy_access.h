#pragma once
// How git reaches a copy of a vault: with the key, the known hosts, the CA and the credentials that
// the configuration names, and never with a question to somebody who is not there.
//
// Pure, but for access_files_readable(); any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vault/backup_plan.h"

namespace meridian::bin {

// kInvalidParameterValue where a setting is not for this kind of remote, or a path cannot be passed
// on as it is.
Result<void> check_copy_access(vault::BackupCopy const& copy);

struct GitAccess {
    std::vector<std::string> arguments = {};    // of git, before its command
    std::vector<std::string> environment = {};  // "NAME=value", before any other of that name
};
// `ssh_command`: the operator's own ($GIT_SSH_COMMAND), which serves where no setting is for ssh;
// empty: none.
[[nodiscard]] GitAccess git_access(vault::BackupCopy const& copy, std::string_view ssh_command);

// kUnavailable with the setting's name where this process may not read a file.
Result<void> access_files_readable(vault::CopyAccess const& access);

// What git and ssh said, after the setting that it is about, if it is about one.
[[nodiscard]] std::string explained(std::string_view git_errors);

}  // namespace meridian::bin
