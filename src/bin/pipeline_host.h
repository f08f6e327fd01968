#pragma once
// What a region's pipelines need of their neighbours: sources from its git repositories, and
// runners as child processes (pipeline_runner.h) with credentials of their own.
//
// Threads: the region's executor. Everything by reference outlives it.

#include <filesystem>
#include <memory>
#include <string>

#include "iam/working_session.h"
#include "pipeline/ports.h"
#include "repositories/repositories.h"
#include "telemetry/log_store.h"

namespace meridian::bin {

// A runner's, and so the longest that one may take between two approvals; ours.
inline constexpr auto kRunnerLifetime = std::chrono::hours(12);

class RepositorySources final : public pipeline::Sources {
  public:
    explicit RepositorySources(repositories::Repositories& repositories)
        : repositories_(repositories) {}

    io::Task<std::optional<pipeline::BranchHead>> head(model::AccountId account,
                                                       std::string repository,
                                                       std::string branch) override;
    io::Task<std::string> file(model::AccountId account, std::string repository, std::string commit,
                               std::string path, std::size_t bytes_max) override;

  private:
    repositories::Repositories& repositories_;
};

class ProcessRunners final : public pipeline::Runners {
  public:
    struct Parts {
        iam::WorkingSessionParts sessions;
        telemetry::LogStore& logs;
        Clock const& clock;
        asio::any_io_executor executor;
        model::RegionName region;
        std::string const& endpoint;      // known once the server listens
        std::filesystem::path directory;  // for the runners' folders; nobody else's
        io::BlockingPool& pool;
    };
    // Removes what runners of an earlier process have left.
    [[nodiscard]] static Result<std::unique_ptr<ProcessRunners>> open(Parts parts);

    io::Task<> run(model::AccountId account, pipeline::Execution execution) override;

  private:
    explicit ProcessRunners(Parts parts) : parts_(std::move(parts)) {}

    io::Task<> run_in(model::AccountId const& account, pipeline::Execution const& execution,
                      std::filesystem::path const& folder);
    void keep_lines(model::AccountId const& account, pipeline::Execution const& execution,
                    std::string& text, bool all) const;

    Parts const parts_;
};

}  // namespace meridian::bin
