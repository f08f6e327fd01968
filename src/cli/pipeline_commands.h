#pragma once
// `meridian pipeline`: a region's pipelines and their executions.
//
// Threads: the caller's executor. Errors: those of ask().

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/meridian_api.h"

namespace meridian::cli {

struct NewPipeline {
    std::string name;
    std::string repository;
    std::string branch;
};
io::Task<> create_pipeline(Connection connection, Clock const& clock, NewPipeline wanted,
                           Output output);
io::Task<> delete_pipeline(Connection connection, Clock const& clock, std::string name,
                           Output output);
// `name` empty: every pipeline; else the executions of that one.
io::Task<> list_pipelines(Connection connection, Clock const& clock, std::string name,
                          Output output);
// `id` is "shop:3", here and below.
io::Task<> show_execution(Connection connection, Clock const& clock, std::string id, Output output);
// Until it is over or waits for a person: a line for each step, or with --json each state. An error
// where it did not succeed.
io::Task<> watch_execution(Connection connection, Clock const& clock, std::string id,
                           Output output);
io::Task<> show_execution_log(Connection connection, Clock const& clock, std::string id,
                              bool follow, Output output);
// `verb`: approve, reject, abort, rerun.
io::Task<> decide_execution(Connection connection, Clock const& clock, std::string id,
                            std::string verb, std::string message, Output output);
// `commit` empty: what the branch is at.
io::Task<> start_execution(Connection connection, Clock const& clock, std::string name,
                           std::string commit, Output output);
// Reads a pipeline.yaml as a push would, and shows its stages: without a server. Blocks.
[[nodiscard]] Result<void> check_pipeline(std::filesystem::path const& file, Output const& output);
// What a region starts by itself: carries out the execution's stages until nothing is left to do.
// `folder` is empty, for the commit's files.
io::Task<> run_execution(Connection connection, Clock const& clock, std::string id,
                         std::filesystem::path folder, Output output);

}  // namespace meridian::cli
