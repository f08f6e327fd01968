#pragma once
// Long work that a region does by itself (POST answers with a job), followed to its end: on a
// terminal a line that changes, in a pipe a line every few seconds, on standard error. The work
// goes on without who follows it: Ctrl-C says how to come back.
//
// Threads: the caller's executor.

#include <string>

#include "cli/meridian_api.h"

namespace meridian::cli {

// Begins it, and gives its result. The errors of call(); kUnavailable with what the job says where
// it fails or is cancelled; kCancelled after Ctrl-C.
io::Task<nlohmann::json> run_job(Connection connection, Clock const& clock, std::string path,
                                 nlohmann::json body, Output output);
// The same of one that was begun before: the whole job.
io::Task<nlohmann::json> follow_job(Connection connection, Clock const& clock, std::string id,
                                    Output output);

// `meridian job list|show|watch|cancel`.
io::Task<> list_jobs(Connection connection, Clock const& clock, Output output);
io::Task<> show_job(Connection connection, Clock const& clock, std::string id, Output output);
io::Task<> watch_job(Connection connection, Clock const& clock, std::string id, Output output);
// Until it has stopped; with what stays of it and how to go on or back. kResourceConflict where it
// was over, before or meanwhile.
io::Task<> cancel_job(Connection connection, Clock const& clock, std::string id, Output output);

// "312/1000 functions", from a job as the API shows it; empty where it says nothing.
[[nodiscard]] std::string job_progress_text(nlohmann::json const& job);

}  // namespace meridian::cli
