#pragma once
// What pipelines need of their neighbours; bin/ plugs in the adapters, fakes.h the tests'.
//
// Threads: the region's executor.

#include <optional>
#include <string>

#include "io/task.h"
#include "model/names.h"
#include "pipeline/execution.h"

namespace meridian::pipeline {

struct BranchHead {
    std::string commit;
    StartedBy by;  // who moved the branch there
};

class Sources {
  public:
    virtual ~Sources() = default;
    // Nothing: there is no such branch, or no such repository.
    virtual io::Task<std::optional<BranchHead>> head(model::AccountId account,
                                                     std::string repository,
                                                     std::string branch) = 0;
    // kResourceNotFound; kRequestTooLarge.
    virtual io::Task<std::string> file(model::AccountId account, std::string repository,
                                       std::string commit, std::string path,
                                       std::size_t bytes_max) = 0;
};

class Runners {
  public:
    virtual ~Runners() = default;
    // Runs a runner for the execution, with credentials of whoever started it, until it has ended.
    // Errors: kAccessDenied (nobody may have those credentials any more); kCancelled.
    virtual io::Task<> run(model::AccountId account, Execution execution) = 0;
};

}  // namespace meridian::pipeline
