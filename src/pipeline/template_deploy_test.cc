// Stages that deploy a template, against two fake regions: one that is cut short at any call is
// finished by the next runner, as the same rollout.

#include "pipeline/template_deploy.h"

#include <fmt/format.h>

#include "deploy/deploy_test_support.h"
#include "pipeline/fakes.h"

namespace meridian::pipeline {
namespace {

constexpr char kTemplate[] = R"(
Transform: AWS::Serverless-2016-10-31
Parameters:
  Memory: {Type: Number, Default: 128}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.11
      MemorySize: !Ref Memory
      AutoPublishAlias: live
)";

class TemplateDeployTest : public deploy::DeployFixture {
  protected:
    OpenTemplate open = [this](std::filesystem::path const& folder) -> Result<OpenedTemplate> {
        opened.push_back(folder.string());
        return OpenedTemplate{.file_name = "template.yaml",
                              .text = text,
                              .builder = std::make_unique<FakeBuilder>(code)};
    };

    Result<TemplateDeploy::Done> run(std::string const& identity) {
        TemplateDeploy deployment({.apis = apis(),
                                   .open = open,
                                   .clock = clock,
                                   .random = random,
                                   .log = log,
                                   .pause = on_pause ? on_pause : pause(),
                                   .say = [](std::string const&) {}},
                                  {.rollout = rollout_id_of(identity),
                                   .holder = "pipeline shop:1",
                                   .commit = "/commit",
                                   .folder = "infra",
                                   .stack = "shop",
                                   .parameters = {{"Memory", memory}},
                                   .waves = {{kFirst}, {kSecond}},
                                   .source = {{"Pipeline", "shop:1"}}});
        deploying = &deployment;
        return deploy::wait_for(deployment.run());
    }
    static std::string version_in(TemplateDeploy::Done const& done, char const* region) {
        auto const& functions = done.versions.at(region);
        return functions.empty() ? "none" : functions.begin()->get<std::string>();
    }

    std::string text = kTemplate;
    std::string memory = "128";
    std::string code = "a zip of ";
    std::vector<std::string> opened;
    deploy::Pause on_pause;  // instead of pause()
    TemplateDeploy* deploying = nullptr;
};

TEST_F(TemplateDeployTest, DeploysInWavesAndSaysTheVersions) {
    auto const done = run("one");
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(opened, std::vector<std::string>{"/commit/infra"});
    EXPECT_EQ(version_in(*done, kFirst), "1");
    EXPECT_EQ(version_in(*done, kSecond), "1");
    EXPECT_EQ(done->message, "shop in 2 regions: " + rollout_id_of("one"));
    auto const& record = first.rollouts.at(rollout_id_of("one"));
    EXPECT_EQ(record["State"], "Succeeded");
    EXPECT_EQ(alias_of(first), "1");
}

TEST_F(TemplateDeployTest, DoneAgainItChangesNothing) {
    ASSERT_TRUE(run("one"));
    auto const writes = first.log.size();
    auto const again = run("one");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(version_in(*again, kSecond), "1");
    EXPECT_EQ(first.log.size(), writes);
    // Another execution of the same commit has nothing to do, and a version all the same.
    auto const other = run("two");
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(other->message, "shop in 2 regions: nothing to change");
    EXPECT_EQ(version_in(*other, kFirst), "1");
    EXPECT_FALSE(first.rollouts.contains(rollout_id_of("two")));
}

TEST_F(TemplateDeployTest, CutShortAtAnyCallItIsFinishedByTheNextRunner) {
    ASSERT_TRUE(run("before"));
    std::size_t cuts = 0;
    for (std::size_t calls = 1;; ++calls) {
        memory = std::to_string(129 + calls);
        code = fmt::format("{} of ", calls);
        auto const identity = fmt::format("cut {}", calls);
        fate.calls = 0;
        fate.dies_at = calls;
        auto const cut = run(identity);
        fate.dies_at = SIZE_MAX;
        auto const done = run(identity);
        ASSERT_TRUE(done) << calls << ": " << done.error().message;
        for (auto* const api : {&first, &second}) {
            auto const& function = api->functions.begin()->second;
            EXPECT_EQ(function.configuration["MemorySize"], std::stoi(memory)) << calls;
            EXPECT_EQ(api->stacks.at("shop")["ActiveRollout"], "") << calls;
        }
        EXPECT_EQ(version_in(*done, kFirst), std::to_string(calls + 1));
        if (cut) break;
        ++cuts;
    }
    EXPECT_GT(cuts, 20U) << "the deploy makes more calls than that";
}

TEST_F(TemplateDeployTest, WhatGoesBackFailsTheStageWithTheReason) {
    ASSERT_TRUE(run("one"));
    memory = "256";
    second.refuses = "/configuration";
    auto const done = run("two");
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().message.contains("ended as RolledBack; us-east-1: "))
        << done.error().message;
    EXPECT_TRUE(done.error().message.contains("refused by the test")) << done.error().message;
    second.refuses = {};
    // The same stage again says the same: what was rolled back is not tried behind one's back.
    auto const again = run("two");
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().message.contains("ended as RolledBack")) << again.error().message;
}

TEST_F(TemplateDeployTest, AnAbortTakesItBack) {
    ASSERT_TRUE(run("one"));
    memory = "256";
    text += "      DeploymentPreference: {Type: Canary10Percent5Minutes}\n";
    bool told = false;
    on_pause = [&, before = pause()](std::chrono::milliseconds time) -> io::Task<> {
        if (!std::exchange(told, true)) {
            MERIDIAN_CO_CHECK(co_await deploying->abort());
        }
        co_return co_await before(time);
    };
    auto const done = run("two");
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().message.contains("ended as Aborted")) << done.error().message;
    EXPECT_EQ(alias_of(first), "1");
    EXPECT_EQ(first.functions.begin()->second.configuration.value("MemorySize", 128), 128);
}

TEST_F(TemplateDeployTest, AMistakeInTheTemplateSaysWhere) {
    text = "Parameters: {Memory: {Type: Number}}\nResources:\n  A: {Type: AWS::Not::There}\n";
    auto const done = run("one");
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().message.starts_with("infra/template.yaml:3:")) << done.error().message;
    EXPECT_TRUE(first.rollouts.empty());
}

TEST(RolloutIdOf, IsInCodeDeploysForm) {
    auto const id = rollout_id_of("a");
    EXPECT_EQ(id.size(), 11U);
    EXPECT_TRUE(id.starts_with("d-"));
    EXPECT_NE(id, rollout_id_of("b"));
}

}  // namespace
}  // namespace meridian::pipeline
