#pragma once
// Carries a plan out: unit after unit, several at a time. A unit that fails leaves the others
// alone; the import can be planned and run again, and goes on from what is there.
//
// Threads: the caller's executor. Errors: those of AwsApi (nobody there) and of the packages'
// source end the whole run; what the target refuses is in the result.

#include <functional>
#include <string>
#include <vector>

#include "transfer/import_plan.h"
#include "transfer/inventory_reader.h"
#include "transfer/lanes.h"
#include "transfer/package_source.h"

namespace meridian::transfer {

struct Failure {
    std::string subject;  // "function hello"
    std::string what;     // "version 3"
    std::string reason;
};

struct ImportResult {
    std::size_t steps_done = 0;
    std::vector<Failure> failures = {};
};

// `packages` outlives the task. Progress counts units.
io::Task<ImportResult> run_import(Lanes lanes, ImportPlan plan, PackageSource& packages,
                                  Progress progress);

}  // namespace meridian::transfer
