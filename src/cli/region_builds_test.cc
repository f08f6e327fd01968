// Build steps against a region that is a table of answers.

#include "cli/region_builds.h"

#include <deque>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "cli/source_builder.h"
#include "cli/template_source.h"

namespace meridian::cli {
namespace {

namespace fs = std::filesystem;
using deploy::AwsAnswer;
using nlohmann::json;

class TableRegion final : public deploy::AwsApi {
  public:
    std::vector<std::string> asked;
    std::vector<json> bodies;
    std::deque<AwsAnswer> answers;

    [[nodiscard]] std::string const& region() const noexcept override { return name_; }
    io::Task<AwsAnswer> rest(std::string service, std::string method, std::string target,
                             json body) override {
        EXPECT_EQ(service, "meridian");
        asked.push_back(method + " " + target);
        bodies.push_back(std::move(body));
        if (answers.empty()) co_return fail(Errc::kUnavailable, "nobody is there");
        auto answer = std::move(answers.front());
        answers.pop_front();
        co_return answer;
    }
    io::Task<AwsAnswer> query(std::string, std::string, json) override {
        co_return fail(Errc::kInternal, "not asked here");
    }
    io::Task<std::string> download(std::string) override {
        co_return fail(Errc::kInternal, "not asked here");
    }

  private:
    std::string const name_ = "sa-east-1";
};

template <typename T>
Result<T> run(io::Task<T> task) {
    asio::io_context context;
    Result<T> out = fail(Errc::kInternal, "not run");
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<T> result) {
        EXPECT_FALSE(e);
        out = std::move(result);
    });
    context.run();
    return out;
}

AwsAnswer news(char const* state, std::string const& log, std::size_t offset) {
    return {.body = {{"State", state}, {"Log", log}, {"LogOffset", offset}}};
}

TEST(RegionBuilds, AreFollowedToTheirPackage) {
    TableRegion region;
    region.answers = {{.status = 202, .body = {{"Id", "b-1"}}},
                      news("Queued", "", 0),
                      news("Running", "one\n", 4),
                      news("Succeeded", "two\n", 8),
                      {.body = {{"Zip", to_base64("PK..")}}}};
    std::string printed;
    RegionBuilds builds(region, [&](std::string_view text) { printed += text; });
    auto const package = run(builds.build({.source = "zip",
                                           .method = "makefile",
                                           .runtime = "provided.al2023",
                                           .logical_id = "App"}));
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(*package, "PK..");
    EXPECT_EQ(printed, "one\ntwo\n");
    EXPECT_EQ(region.asked,
              (std::vector<std::string>{
                  "POST /meridian/v1/builds", "GET /meridian/v1/builds/b-1?after=0",
                  "GET /meridian/v1/builds/b-1?after=0", "GET /meridian/v1/builds/b-1?after=4",
                  "GET /meridian/v1/builds/b-1/package"}));
    EXPECT_EQ(region.bodies[0]["Source"], to_base64("zip"));
    EXPECT_EQ(region.bodies[0]["LogicalId"], "App");
}

TEST(RegionBuilds, AFailureShowsItsReasonAndTheEndOfTheLog) {
    TableRegion region;
    std::string log;
    for (int line = 0; line < 5'000; ++line) log += "line " + std::to_string(line) + "\n";
    auto failed = news("Failed", log, log.size());
    failed.body["Error"] = "The build failed with status 2.";
    region.answers = {{.status = 202, .body = {{"Id", "b-1"}}}, failed};
    RegionBuilds builds(region);
    auto const package = run(builds.build({.logical_id = "App"}));
    ASSERT_FALSE(package);
    auto const& said = package.error().message;
    EXPECT_TRUE(said.starts_with("The build failed with status 2.\n")) << said.substr(0, 80);
    EXPECT_TRUE(said.ends_with("line 4999\n"));
    EXPECT_LT(said.size(), 9'000U);
}

TEST(RegionBuilds, ErrorsOfTheRegionComeThrough) {
    TableRegion region;
    region.answers = {
        {.status = 403, .body = {{"Message", "not authorized to perform meridian:Build"}}}};
    RegionBuilds builds(region);
    auto const refused = run(builds.build({.logical_id = "App"}));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("sa-east-1 cannot build App"));
    EXPECT_TRUE(refused.error().message.contains("meridian:Build")) << refused.error().message;
    EXPECT_EQ(run(builds.build({.logical_id = "App"})).error().code, Errc::kUnavailable);
}

struct StepRow {
    std::string file;
    std::string text;
    deploy::BuildRequest request;
    std::string method;
    std::string runtime;
};

TEST(SourceBuilder, LetsTheRegionDoWhatNeedsAStepOnce) {
    constexpr char const* kLayer = "AWS::Lambda::LayerVersion";
    for (auto const& row :
         {StepRow{"Makefile",
                  "x",
                  {.build_method = "makefile", .runtime = "python3.11"},
                  "makefile",
                  "python3.11"},
          StepRow{"Makefile",
                  "x",
                  {.type = kLayer, .build_method = "makefile"},
                  "makefile",
                  "provided.al2023"},
          StepRow{"requirements.txt",
                  "a\n",
                  {.type = kLayer, .build_method = "python3.11", .runtime = "python3.12"},
                  "python3.11",
                  "python3.11"},
          StepRow{"go.mod",
                  "x",
                  {.build_method = "provided.al2023", .runtime = "provided.al2023"},
                  "go1.x",
                  "provided.al2023"},
          StepRow{
              "Cargo.toml",
              "x",
              {.build_method = "provided.al2023", .runtime = "provided.al2023", .handler = "app"},
              "rust-cargolambda",
              "provided.al2023"}}) {
        auto const folder = TemporaryFolder::make();
        ASSERT_TRUE(folder);
        fs::create_directories(folder->path() / "app/target");
        std::ofstream(folder->path() / "app" / row.file) << row.text;
        TableRegion region;
        region.answers = {{.status = 202, .body = {{"Id", "b-1"}}},
                          news("Succeeded", "", 0),
                          {.body = {{"Zip", to_base64("PK..")}}}};
        RegionBuilds builds(region);
        SourceBuilder builder(folder->path(), &builds);
        std::string told;
        builder.on_step = [&](std::string_view step) { told += step; };
        auto request = row.request;
        request.logical_id = "App";
        request.path = "app";
        for (int i = 0; i < 2; ++i) {
            auto const built = run(builder.build(request));
            ASSERT_TRUE(built) << row.file << ": " << built.error().message;
            EXPECT_EQ(*built, "PK..");
        }
        EXPECT_EQ(told, "App (" + row.method + ")");
        EXPECT_EQ(region.asked.size(), 3U);
        EXPECT_EQ(region.bodies[0]["Method"], row.method) << row.file;
        EXPECT_EQ(region.bodies[0]["Runtime"], row.runtime) << row.file;
        EXPECT_EQ(region.bodies[0]["Layer"], row.request.type == kLayer) << row.file;
        EXPECT_EQ(region.bodies[0].value("Handler", ""), row.request.handler);
    }
}

TEST(SourceBuilder, RefusesWhatNoRegionBuilds) {
    struct Row {
        std::string file;
        std::string method;
        std::string said;
    };
    for (auto const& row :
         {Row{"app.ts", "esbuild", "BuildMethod esbuild"}, Row{"pom.xml", "java17", "Java source"},
          Row{"Gemfile", "ruby3.3", "Ruby source"}, Row{"App.csproj", "dotnet8", ".NET source"}}) {
        auto const folder = TemporaryFolder::make();
        ASSERT_TRUE(folder);
        fs::create_directories(folder->path() / "app");
        std::ofstream(folder->path() / "app" / row.file) << "x";
        TableRegion region;
        RegionBuilds builds(region);
        SourceBuilder builder(folder->path(), &builds);
        auto const built = run(builder.build({.path = "app", .build_method = row.method}));
        ASSERT_FALSE(built) << row.file;
        EXPECT_TRUE(built.error().message.contains(row.said)) << built.error().message;
        EXPECT_TRUE(region.asked.empty());
    }
}

}  // namespace
}  // namespace meridian::cli
