#pragma once
// `meridian baseline`, `meridian backup` and `meridian restore`: requests to a region's vault, and
// their answers in words. Each says what it did and how to undo it, and `--json` gives the answer
// as it is.
//
// Threads: the caller's executor. Errors: those of call().

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "cli/meridian_api.h"

namespace meridian::cli {

io::Task<> create_baseline(Connection connection, Clock const& clock, std::string name,
                           std::string message, Output output);
io::Task<> list_baselines(Connection connection, Clock const& clock, Output output);
io::Task<> show_baseline(Connection connection, Clock const& clock, std::string name,
                         Output output);
// `to` empty: until now.
io::Task<> show_changes(Connection connection, Clock const& clock, std::string from, std::string to,
                        Output output);
io::Task<> show_vault(Connection connection, Clock const& clock, Output output);
struct VerifyOptions {
    std::string level = "hash";
    std::string baseline;
    std::string part;  // "3/8"
    std::string copy;  // a copy of the vault, instead of itself
};
// kCorrupt where something is wrong, after it was printed.
io::Task<> verify_vault(Connection connection, Clock const& clock, VerifyOptions options,
                        Output output);
io::Task<> create_backup(Connection connection, Clock const& clock, std::string message,
                         Output output);
io::Task<> list_backups(Connection connection, Clock const& clock, Output output);

struct PruneOptions {
    std::optional<std::uint32_t> last, hourly, daily;
    bool dry_run = false;
};
io::Task<> prune_backups(Connection connection, Clock const& clock, PruneOptions options,
                         Output output);

struct RestoreOptions {
    std::string baseline;
    std::string at;
    std::string function;
    std::string from_region;
    std::string vault;
    std::string recovery_key;  // the key itself
    std::string signer;
    std::vector<std::string> map;  // "FROM=TO"
    bool exact = false;
    bool dry_run = false;
};
io::Task<> restore(Connection connection, Clock const& clock, RestoreOptions options,
                   Output output);
// A restore that first names the state of now, so that the way back is one command: to a baseline
// to the letter (rollback), or of one region's baseline into another (promote).
io::Task<> restore_with_way_back(Connection connection, Clock const& clock, std::string name_prefix,
                                 RestoreOptions options, Output output);

}  // namespace meridian::cli
