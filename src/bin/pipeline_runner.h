#pragma once
// The program that carries out one execution of a pipeline: meridiand itself, started once more
// with another word, so that it is there whatever stands beside it on the disk.

#include <filesystem>
#include <string>
#include <vector>

namespace meridian::bin {

// What starts it: `meridiand run-pipeline shop:3 FOLDER`. Its connection and keys are in AWS's
// variables; the folder is empty, and whoever starts it removes it afterwards.
inline constexpr char kRunPipeline[] = "run-pipeline";
[[nodiscard]] std::vector<std::string> pipeline_runner_command(std::string const& execution,
                                                               std::filesystem::path const& folder);

// Until the execution rests, or the standard input closes: a runner has no reason to go on without
// the region that started it. The program's status.
int run_pipeline(std::string const& execution, std::filesystem::path const& folder);

}  // namespace meridian::bin
