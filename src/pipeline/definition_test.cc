#include "pipeline/definition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/json_match.h"

namespace meridian::pipeline {
namespace {

using nlohmann::json;

constexpr char kWhole[] = R"(version: 1
stages:
  - build:
      hello: functions/hello
      all: .
  - name: staging
    deploy:
      functions: {hello: hello}
  - test:
      region: us-east-1
      cases:
        - function: hello
          qualifier: $LATEST
          event: tests/a.json
          expect: tests/a.expected.json
        - {function: hello, event: tests/b.json, expect: tests/b.json, match: subset}
  - approve:
      message: Look at it
  - name: world
    deploy:
      functions: {hello: hello, other: all}
      waves: [[us-east-1], [sa-east-1, eu-west-1]]
      bake: 30
  - approve: 
    name: again
  - promote: {alias: live, baseline: true}
)";

TEST(Definition, IsReadAsStages) {
    auto const read = parse_definition(kWhole);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    std::string names;
    for (auto const& stage : read->stages)
        names += fmt::format("{}={} ", stage.name, name_of(stage.kind));
    EXPECT_EQ(names,
              "build=build staging=deploy test=test approve=approve world=deploy again=approve "
              "promote=promote ");
    EXPECT_EQ(read->stages[0].settings,
              json::parse(R"({"Packages": {"hello": "functions/hello", "all": "."}})"));
    EXPECT_EQ(read->stages[2].settings["Cases"][0],
              json::parse(R"({"Function": "hello", "Qualifier": "$LATEST", "Event": "tests/a.json",
                              "Expect": "tests/a.expected.json", "Match": "exact"})"));
    EXPECT_EQ(read->stages[4].settings,
              json::parse(R"({"Functions": {"hello": "hello", "other": "all"}, "BakeSeconds": 30,
                              "Waves": [["us-east-1"], ["sa-east-1", "eu-west-1"]]})"));
    EXPECT_EQ(read->stages[6].settings, json::parse(R"({"Alias": "live", "Baseline": true})"));
}

TEST(Definition, IsRefusedWithItsPlace) {
    struct Case {
        char const* text;
        char const* error;
    };
    std::string const head = "version: 1\nstages:\n";
    for (auto const& [text, error] : {
             Case{"  - test: {cases: []}\n", ":3:19: cases is a list with something in it."},
             Case{"  - build: {a: x}\n    test: {}\n", ":3:5: a stage is one of"},
             Case{"  - {}\n", ":3:5: a stage is one of"},
             Case{"  - biuld: {a: x}\n",
                  ":3:5: a stage has no member biuld; it may have name, build"},
             Case{"  - build: {a: x, a: y}\n", ":3:19: a stands twice in build."},
             Case{"  - build: {a: ../x}\n", ":3:16: A package's folder is a path"},
             Case{"  - build: {a: /x}\n", ":3:16: A package's folder is a path"},
             Case{"  - build: {a: x/.git}\n", ":3:16: A package's folder is a path"},
             Case{"  - build: {a: {folder: x}}\n", ":3:16: a package needs the member method."},
             Case{"  - build: {a: {folder: x, method: makefile, as: y}}\n",
                  ":3:46: a package has no member as"},
             Case{"  - build: {a/b: x}\n", ":3:13: A package's name has up to 64"},
             Case{"  - deploy: {functions: {f: p}}\n",
                  ":3:5: no stage before builds the package p."},
             Case{"  - promote: {alias: live}\n", ":3:5: promote needs a deploy before it."},
             Case{"  - promote: {baseline: yes}\n", ":3:25: baseline is true or false."},
             Case{"  - approve: {message: [a]}\n", ":3:24: message is a text."},
             Case{"  - approve:\n  - approve:\n", ":4:5: two stages are called approve"},
             Case{"  - approve: {who: me}\n", ":3:15: approve has no member who"},
             Case{"  - build: {a: x}\n  - deploy: {functions: {f: a}, waves: [[r], [r]]}\n",
                  ":4:47: r is in two waves."},
             Case{"  - build: {a: x}\n  - deploy: {functions: {f: a}, bake: 1.5}\n",
                  ":4:39: bake is a number from 0 to 86400."},
             Case{"  - build: {a: x}\n  - build: {a: y}\n    name: b\n",
                  ":4:5: the package a is built twice."},
             Case{"  - test: {cases: [{function: f, event: a, expect: b, match: like}]}\n",
                  "match is exact or subset."},
             Case{"  - test: {cases: [{function: f, event: a}]}\n",
                  "a test case needs the member expect."},
             Case{"  - deploy: {template: infra}\n", "deploy needs the member stack."},
             Case{"  - deploy: {template: infra, stack: 1a}\n", ":3:38: a stack's name is letters"},
             Case{"  - deploy: {template: ../a, stack: a}\n", ":3:24: template is a path"},
             Case{"  - deploy: {template: a, functions: {f: p}}\n",
                  ":3:13: deploy needs functions or template, and not both."},
             Case{"  - build: {a: x}\n  - deploy: {functions: {f: a}, stack: s}\n",
                  ":4:13: stack goes with template."},
             Case{"  - deploy: {template: a, stack: s, parameters: {P: [1]}}\n",
                  "The parameter P is a text."},
             Case{"  - test: [\n", ""},
         }) {
        auto const read = parse_definition(head + text);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().code, Errc::kInvalidParameterValue);
        EXPECT_TRUE(read.error().message.starts_with("pipeline.yaml:")) << read.error().message;
        EXPECT_TRUE(read.error().message.contains(error)) << text << read.error().message;
    }
    for (auto const* text :
         {"", "a", "[]", "version: 2\nstages: [approve: ]", "version: 1", "stages: [approve: ]",
          "version: 1\nstages: []", ",a", "\t", "version: 1\n--- \nx: 1",
          "version: 1\nstages: &a [*a]", "version: 1\nstages: [1]"})
        EXPECT_FALSE(parse_definition(text).has_value()) << text;
    EXPECT_FALSE(parse_definition(std::string(kDefinitionBytesMax + 1, ' ')).has_value());
}

TEST(JsonMatch, SaysWhatDiffersFirst) {
    struct Case {
        char const* expected;
        char const* actual;
        Match match;
        std::optional<std::string> difference;
    };
    for (auto const& [expected, actual, match, difference] : std::vector<Case>{
             {R"({"a": [1, {"b": null}]})", R"({"a": [1, {"b": null}]})", Match::kExact,
              std::nullopt},
             {R"(1)", R"(1.0)", Match::kExact, std::nullopt},
             {R"({"a": 1})", R"({"a": 1, "b": 2})", Match::kSubset, std::nullopt},
             {R"({"a": 1})", R"({"a": 1, "b": 2})", Match::kExact,
              "the answer: b was not expected"},
             {R"({"a": {"x": 1}})", R"({"a": {}})", Match::kSubset, "/a: x is missing"},
             {R"({"a": [1, 2]})", R"({"a": [1, 3]})", Match::kSubset, "/a/1: 3 instead of 2"},
             {R"([1])", R"([1, 2])", Match::kSubset, "the answer: 2 items instead of 1"},
             {R"("x")", R"({"errorMessage": "e"})", Match::kExact,
              R"(the answer: {"errorMessage":"e"} instead of "x")"},
         }) {
        EXPECT_EQ(pipeline::difference(json::parse(expected), json::parse(actual), match),
                  difference)
            << expected;
    }
}

}  // namespace
}  // namespace meridian::pipeline
