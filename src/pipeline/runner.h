#pragma once
// Carries out the stages of one execution as a client of the public API, with the credentials that
// it was given and nothing else. Each stage may be done twice: a runner that is killed is followed
// by another. Ends where a person has to decide.
//
// Threads: the caller's executor. Everything by reference outlives run().

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "deploy/aws_api.h"
#include "pipeline/execution.h"
#include "pipeline/template_deploy.h"

namespace meridian::pipeline {

// How long a function may take to become usable after a change; ours.
inline constexpr auto kSettleMax = std::chrono::minutes(5);

class Runner {
  public:
    struct Parts {
        // The API of a region, the same one each time.
        std::function<deploy::AwsApi&(std::string const& region)> api;
        std::string home;  // the pipeline's own region
        Clock const& clock;
        std::function<io::Task<>(std::chrono::milliseconds)> pause;
        std::function<void(std::string)> say;  // a line of the execution's log
        OpenTemplate open_template;
        // Makes packages of sources below a folder of the commit.
        std::function<std::unique_ptr<deploy::Builder>(std::filesystem::path const& root)> builder;
        std::filesystem::path directory;  // an empty one, for the commit's files
        Random& random;
        Log& log;
    };
    Runner(Parts parts, std::string pipeline, std::uint64_t number);

    // Until nothing is left to do now. A stage that does not succeed is told to the region and is
    // no error here. Errors: whatever keeps the region from being told; kResourceConflict: somebody
    // else has the execution, or it was aborted.
    io::Task<> run();

  private:
    // What a stage leaves for those after it.
    struct Done {
        nlohmann::json output = nullptr;
        std::string message;
    };
    // Where a function's code was put: {"Region": {"FUNCTION": "VERSION"}} of every deploy.
    using Versions = std::map<std::string, std::map<std::string, std::string>>;

    io::Task<nlohmann::json> ask(std::string region, std::string service, std::string method,
                                 std::string target, nlohmann::json body = nullptr);
    io::Task<> tell(nlohmann::json event);
    io::Task<> check_not_aborted();
    io::Task<Done> carry_out(Stage const& stage);
    io::Task<Done> build(nlohmann::json settings);
    io::Task<Done> test(nlohmann::json settings);
    io::Task<std::string> test_one(std::string region, nlohmann::json test);
    io::Task<Done> deploy(nlohmann::json settings);
    io::Task<std::string> deploy_function(std::string region, std::string function,
                                          std::string package);
    io::Task<> settle(std::string region, std::string function);
    io::Task<Done> deploy_template(Stage stage);
    // A folder with the commit's files.
    io::Task<std::filesystem::path> checkout();
    io::Task<> pause_and_look(std::chrono::milliseconds time, TemplateDeploy& deploying,
                              std::shared_ptr<bool> aborted);
    io::Task<Done> promote(nlohmann::json settings);
    io::Task<> point(std::string region, std::string function, std::string alias,
                     std::string version);
    io::Task<std::string> package(std::string name);
    io::Task<std::string> zip_of(std::string folder);
    io::Task<std::string> build_package(std::string name, nlohmann::json package);
    io::Task<std::string> file(std::string path);
    [[nodiscard]] Versions deployed() const;

    Parts const parts_;
    std::string const pipeline_;
    std::uint64_t const number_;
    Execution execution_;
    std::map<std::string, std::string> packages_;  // zips, by name
    bool checked_out_ = false;
};

}  // namespace meridian::pipeline
