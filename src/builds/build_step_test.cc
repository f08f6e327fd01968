#include "builds/build_step.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/contains.h"

namespace meridian::builds {
namespace {

using namespace std::string_literals;

TEST(BuildMethod, HasSamsNames) {
    EXPECT_EQ(parse_method("makefile"), BuildMethod::kMakefile);
    EXPECT_EQ(parse_method("python3.11"), BuildMethod::kPython);
    EXPECT_EQ(parse_method("nodejs22.x"), BuildMethod::kNodejs);
    EXPECT_EQ(parse_method("go1.x"), BuildMethod::kGo);
    EXPECT_EQ(parse_method("rust-cargolambda"), BuildMethod::kRust);
    for (auto const* const other :
         {"", "esbuild", "java17", "provided.al2023", "nodejs", "Makefile"})
        EXPECT_EQ(parse_method(other), std::nullopt) << other;
}

// Every state × event pair: what the table does not name is refused.
TEST(BuildState, MovesByItsTableAlone) {
    using enum BuildState;
    using enum BuildEvent;
    int rows = 0;
    for (auto const state : {kQueued, kRunning, kSucceeded, kFailed, kCancelled}) {
        for (auto const event : {kStarted, kPackaged, kBroken, kAbandoned}) {
            auto const to = next_state(kBuildTransitions, state, event);
            rows += to ? 1 : 0;
            EXPECT_FALSE(to && is_over(state)) << name_of(state);
        }
    }
    EXPECT_EQ(rows, static_cast<int>(kBuildTransitions.size()));
}

TEST(BuildStep, PassesWhatVariesAsArguments) {
    auto const command = step_command({.logical_id = "My'; rm -rf /", .handler = "$(x)"});
    ASSERT_EQ(command.size(), 7U);
    EXPECT_EQ(command[0], "/bin/sh");
    EXPECT_FALSE(command[2].contains("rm -rf"));
    EXPECT_EQ(command[4], "My'; rm -rf /");
    EXPECT_EQ(command[5], ".");
    EXPECT_EQ(command[6], "$(x)");
}

TEST(BuildStep, PutsALayersFilesWhereRuntimesLook) {
    struct Case {
        BuildMethod method;
        bool layer;
        std::string folder;
    };
    for (auto const& [method, layer, folder] :
         {Case{BuildMethod::kPython, true, "python"}, Case{BuildMethod::kNodejs, true, "nodejs"},
          Case{BuildMethod::kMakefile, true, "."}, Case{BuildMethod::kPython, false, "."}}) {
        EXPECT_EQ(step_command({.method = method, .is_layer = layer})[5], folder);
    }
}

TEST(BuildStep, HasAnEnvironmentOfItsOwn) {
    auto const offline = step_environment(
        {.bundle = {{"PATH", "/var/lang/bin:/bin"}, {"PYTHONPATH", "/var/runtime"}}});
    EXPECT_TRUE(contains(offline, "PATH=/var/lang/bin:/bin:/usr/local/go/bin"s));
    EXPECT_TRUE(contains(offline, "ARTIFACTS_DIR=/tmp/artifacts"s));
    EXPECT_TRUE(contains(offline, "SOURCE_DATE_EPOCH=315532800"s));
    EXPECT_TRUE(contains(offline, "PIP_NO_INDEX=1"s));
    for (auto const& variable : offline) {
        EXPECT_FALSE(variable.starts_with("AWS_")) << variable;
        EXPECT_FALSE(variable.starts_with("PYTHONPATH=")) << variable;
        EXPECT_FALSE(variable.starts_with("HTTPS_PROXY=")) << variable;
    }
    auto const online = step_environment(
        {.extra = {{"PIP_INDEX_URL", "https://mirror.example/simple"}, {"TZ", "Asia/Tokyo"}},
         .proxy = "http://127.0.0.1:9002"});
    EXPECT_TRUE(contains(online, "HTTPS_PROXY=http://127.0.0.1:9002"s));
    EXPECT_TRUE(contains(online, "PIP_INDEX_URL=https://mirror.example/simple"s));
    EXPECT_TRUE(contains(online, "TZ=Asia/Tokyo"s));
    EXPECT_FALSE(contains(online, "PIP_NO_INDEX=1"s));
    EXPECT_TRUE(std::ranges::is_sorted(online));
}

}  // namespace
}  // namespace meridian::builds
