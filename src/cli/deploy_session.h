#pragma once
// The regions that a command works in, each with a client of its own.
//
// Threads: the caller's executor.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/aws_client.h"
#include "cli/vault_commands.h"
#include "crypto/system_random.h"
#include "deploy/planning.h"

namespace meridian::cli {

using Connect = std::function<Result<Connection>(std::string const& region)>;

// What every command of this kind has.
struct DeployTools {
    Connect connect;
    Clock const& clock;
    Output output;
    bool terminal = false;                               // standard output is one
    std::function<bool(std::string_view)> confirm = {};  // asks a person; empty: there is none
};

class DeploySession {
  public:
    // `regions` are at least one.
    [[nodiscard]] static Result<DeploySession> open(DeployTools const& tools,
                                                    std::vector<std::string> const& regions);

    [[nodiscard]] deploy::RolloutStore::Apis apis() const;
    [[nodiscard]] deploy::AwsApi& first() const { return *clients_.begin()->second; }
    // As STS tells it.
    io::Task<std::string> account();

  private:
    std::map<std::string, std::unique_ptr<AwsClient>> clients_;
};

// "host:pid:token": who holds a lease.
[[nodiscard]] std::string lease_holder(Random& random);

// Runs an execution to its end, shows it, and says how it went; kResourceConflict where it did not
// succeed.
struct Execution {
    deploy::RolloutRecord rollout;
    std::map<std::string, std::string> packages = {};
    bool resumed = false;
};
io::Task<> execute(DeployTools const& tools, DeploySession& session, deploy::RolloutStore& store,
                   Execution execution);

// A region's plan in words: a heading, and what changes.
[[nodiscard]] std::string region_plan_text(std::string const& region, deploy::Plan const& plan);

}  // namespace meridian::cli
