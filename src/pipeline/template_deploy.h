#pragma once
// A stage that deploys a template of the commit as `meridian deploy` does: a plan, waves, traffic
// in steps, alarms, the way back. Its rollout's id follows from the execution and the stage, so
// that a runner that comes after a killed one finishes the same rollout.
//
// Threads: the caller's executor. Everything by reference outlives run().

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "deploy/builder.h"
#include "deploy/planning.h"
#include "deploy/region_stacks.h"

namespace meridian::pipeline {

// A template's text, and what packages the sources beside it.
struct OpenedTemplate {
    std::string file_name;  // "template.yaml"
    std::string text;
    std::unique_ptr<deploy::Builder> builder;
};
// Of the template in a folder. Errors: kInvalidParameterValue, which says what was looked for.
using OpenTemplate = std::function<Result<OpenedTemplate>(std::filesystem::path const& folder)>;

struct TemplateStage {
    std::string rollout;           // id
    std::string holder;            // of its lease: the same for every runner of the execution
    std::filesystem::path commit;  // the folder with the commit's files
    std::string folder;            // of the template in it
    std::string stack;
    std::map<std::string, std::string> parameters;
    std::vector<std::vector<std::string>> waves;
    std::uint64_t bake_seconds = 0;
    nlohmann::json source;  // for the record
};

// "d-ABCDEF123", from what tells this stage of this execution from every other.
[[nodiscard]] std::string rollout_id_of(std::string_view identity);

class TemplateDeploy {
  public:
    struct Parts {
        deploy::RolloutStore::Apis apis;  // of the stage's regions
        OpenTemplate const& open;
        Clock const& clock;
        Random& random;
        Log& log;
        deploy::Pause pause;
        std::function<void(std::string)> say;
    };
    TemplateDeploy(Parts parts, TemplateStage stage)
        : parts_(std::move(parts)), stage_(std::move(stage)) {}

    struct Done {
        // Versions that the stack publishes: {REGION: {FUNCTION: VERSION}}.
        nlohmann::json versions = nlohmann::json::object();
        std::string message;
    };
    // Errors: those of the engine; kInvalidParameterValue where it went back.
    io::Task<Done> run();
    // Tells every region that the rollout is to go back; whoever drives it sees that.
    io::Task<> abort();

  private:
    io::Task<std::string> account();
    // The state of the rollout; empty: there is none yet. In progress where one region has it so.
    io::Task<std::string> state();
    // What is to stand in each region, its code packaged.
    io::Task<deploy::RegionStacks> wish(std::string account_id);
    [[nodiscard]] Done done_with(deploy::RolloutRecord const& rollout, std::string_view how) const;
    // Of a rollout that has succeeded already.
    io::Task<Done> done_before(deploy::RolloutStore& store);
    // Its id is empty where there is nothing to change.
    io::Task<deploy::RolloutRecord> begin(deploy::PlanningParts const& planning,
                                          std::map<std::string, deploy::PackagedStack> stacks,
                                          std::map<std::string, std::string>& packages);

    Parts const parts_;
    TemplateStage const stage_;
};

}  // namespace meridian::pipeline
