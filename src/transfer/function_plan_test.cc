#include "transfer/function_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian::transfer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char const* kArn = "arn:aws:lambda:us-east-1:123456789012:function:f";

json configuration(std::string const& code, std::string const& description = "") {
    return {{"CodeSha256", code},
            {"Description", description},
            {"Handler", "h"},
            {"PackageType", "Zip"},
            {"Runtime", "python3.11"}};
}

FunctionRecord function(json latest, std::map<std::uint64_t, json> versions = {}) {
    return {.arn = kArn,
            .source_arn = kArn,
            .latest = std::move(latest),
            .versions = std::move(versions)};
}

std::vector<std::string> steps_of(Unit const& unit) {
    std::vector<std::string> out;
    for (auto const& step : unit.steps) {
        auto text = std::string(step.kind == Step::Kind::kCreate   ? "+ "
                                : step.kind == Step::Kind::kUpdate ? "~ "
                                                                   : "- ");
        text += step.what;
        if (step.code) text += " " + step.code->qualifier;
        out.push_back(text);
    }
    return out;
}

// What a target that carries out the steps of its own version comes to.
class Target {
  public:
    std::optional<FunctionRecord> record;
    std::uint64_t counter = 0;

    // The first `count` steps of the plan.
    void carry_out(Unit const& unit, std::size_t count = SIZE_MAX) {
        for (auto const& step : unit.steps) {
            if (count-- == 0) return;
            carry_out(step);
        }
    }

  private:
    void carry_out(Step const& step) {
        if (step.target == "/2015-03-31/functions") {
            record = function(configuration(step.code->sha256));
            merge(step.body);
        } else if (step.target.ends_with("/code")) {
            record->latest["CodeSha256"] = step.code->sha256;
        } else if (step.target.ends_with("/configuration")) {
            merge(step.body);
        } else if (step.target.ends_with("/versions")) {
            ASSERT_NE(record->latest, published_) << "nothing would be published: " << step.what;
            EXPECT_EQ(step.body["CodeSha256"], record->latest["CodeSha256"]);
            published_ = record->latest;
            ASSERT_EQ(step.version, ++counter);
            record->versions[counter] = record->latest;
            record->versions[counter]["Description"] = step.body["Description"];
        } else if (step.kind == Step::Kind::kRemove) {
            auto const number = std::stoull(step.target.substr(step.target.rfind('=') + 1));
            ASSERT_EQ(record->versions.erase(number), 1U);
        } else {
            FAIL() << step.target;
        }
    }
    void merge(json body) {
        for (auto const* const member : {"FunctionName", "Code", "Tags"}) body.erase(member);
        record->latest.merge_patch(body);
    }
    json published_ = nullptr;
};

TEST(FunctionPlan, VersionsComeOutWithTheirNumbers) {
    auto const wanted = function(
        configuration("c", "now"),
        {{2, configuration("a", "two")}, {3, configuration("b")}, {6, configuration("a")}});
    auto const unit = plan_function(wanted, std::nullopt, {});
    EXPECT_THAT(
        steps_of(unit),
        ElementsAre("+ function f 2", "+ version 1", "~ configuration of $LATEST", "+ version 2",
                    "~ code of $LATEST 3", "~ configuration of $LATEST", "+ version 3",
                    "~ code of $LATEST 2", "~ configuration of $LATEST", "+ version 4",
                    "~ configuration of $LATEST", "+ version 5", "~ configuration of $LATEST",
                    "+ version 6", "~ code of $LATEST $LATEST", "~ configuration of $LATEST",
                    "- version 1, a filler", "- version 4, a filler", "- version 5, a filler"));
    Target target;
    target.carry_out(unit);
    EXPECT_EQ(target.record->versions, wanted.versions);
    EXPECT_EQ(target.record->latest, wanted.latest);
    EXPECT_TRUE(plan_function(wanted, target.record, {}).same());
}

// Wherever an import stops, the next one goes on and comes to the same.
TEST(FunctionPlan, GoesOnFromEveryStep) {
    auto const wanted = function(configuration("c", "now"), {{1, configuration("a", "same")},
                                                             {2, configuration("a", "same")},
                                                             {3, configuration("a", "same")},
                                                             {5, configuration("a", "same")},
                                                             {6, configuration("b")}});
    auto const whole = plan_function(wanted, std::nullopt, {});
    for (std::size_t stop = 0; stop <= whole.steps.size(); ++stop) {
        Target target;
        target.carry_out(whole, stop);
        auto const rest = plan_function(wanted, target.record, {});
        EXPECT_THAT(rest.conflicts, IsEmpty());
        target.carry_out(rest);
        ASSERT_FALSE(HasFatalFailure()) << "stopped after step " << stop;
        EXPECT_EQ(target.record->versions, wanted.versions) << stop;
        EXPECT_EQ(target.record->latest, wanted.latest) << stop;
    }
}

TEST(FunctionPlan, VersionsThatDifferAreConflicts) {
    auto const wanted =
        function(configuration("b"), {{1, configuration("a")}, {2, configuration("b")}});
    auto const there =
        function(configuration("b"), {{1, configuration("x")}, {3, configuration("b")}});
    auto const unit = plan_function(wanted, there, {});
    EXPECT_THAT(unit.steps, IsEmpty());
    EXPECT_THAT(unit.conflicts,
                ElementsAre("version 1 is another one at the target (/CodeSha256), and a version "
                            "never changes",
                            "version 2: the target has given out that number already"));
    EXPECT_THAT(unit.notes, ElementsAre("version 3 is at the target alone, and stays"));
}

TEST(FunctionPlan, WhatIsGoneIsReset) {
    auto there = configuration("a");
    there["Environment"] = {{"Variables", {{"A", "secret"}}}};
    there["Layers"] = {"layer"};
    there["KMSKeyArn"] = "key";
    there["Handler"] = "other";
    auto const unit = plan_function(function(configuration("a")), function(there), {});
    ASSERT_EQ(unit.steps.size(), 1U);
    EXPECT_EQ(unit.steps[0].body, (json{{"Environment", {{"Variables", json::object()}}},
                                        {"Layers", json::array()},
                                        {"KMSKeyArn", ""},
                                        {"Handler", "h"}}));
    EXPECT_THAT(unit_text(unit), HasSubstr("/Environment/Variables/A: \"(hidden)\" -> nothing"));
    EXPECT_THAT(unit_text(unit), Not(HasSubstr("secret")));
    EXPECT_THAT(unit_text(unit), HasSubstr("/Handler: \"other\" -> \"h\""));
}

TEST(FunctionPlan, WithheldValuesAreTheTargetsOrRefused) {
    auto withheld = configuration("a");
    withheld["Environment"] = {{"Variables", {{"A", nullptr}, {"B", "b"}}}};
    auto known = withheld;
    known["Environment"]["Variables"]["A"] = "a";
    EXPECT_TRUE(plan_function(function(withheld), function(known), {}).same());

    auto const refused = plan_function(function(withheld), std::nullopt, {});
    EXPECT_THAT(refused.steps, IsEmpty());
    EXPECT_THAT(refused.refused, HasSubstr("(A) were withheld"));
    auto const without =
        plan_function(function(withheld), std::nullopt, {.without_environment = true});
    EXPECT_EQ(without.steps.at(0).body["Environment"], (json{{"Variables", {{"B", "b"}}}}));
    EXPECT_THAT(without.notes, ElementsAre(HasSubstr("left out")));
}

TEST(FunctionPlan, ImagesAreRefused) {
    auto image = configuration("a");
    image["PackageType"] = "Image";
    EXPECT_THAT(plan_function(function(image), std::nullopt, {}).refused, HasSubstr("image"));
    EXPECT_THAT(plan_function(function(configuration("a")), function(image), {}).refused,
                HasSubstr("cannot be changed"));
}

TEST(FunctionParts, AreMadeAndChangedAndNeverRemoved) {
    auto wanted = function(configuration("a"));
    wanted.parts = {
        {"Aliases", {{"live", {{"FunctionVersion", "1"}}}, {"new", {{"FunctionVersion", "1"}}}}},
        {"Policies",
         {{"live",
           {{{"Sid", "s"}, {"Effect", "Allow"}, {"Principal", "*"}, {"Action", "lambda:*"}}}}}},
        {"FunctionUrls", {{"$LATEST", {{"AuthType", "NONE"}, {"InvokeMode", "BUFFERED"}}}}},
        {"ProvisionedConcurrency", {{"live", 2}}},
        {"ReservedConcurrency", 3},
        {"Tags", {{"a", "1"}}}};
    auto there = function(configuration("a"));
    there.parts = {
        {"Aliases",
         {{"live",
           {{"FunctionVersion", "2"},
            {"RoutingConfig", {{"AdditionalVersionWeights", {{"1", 0.5}}}}}}},
          {"alone", {{"FunctionVersion", "1"}}}}},
        {"Policies",
         {{"live",
           {{{"Sid", "s"}, {"Effect", "Allow"}, {"Principal", "x"}, {"Action", "lambda:*"}},
            {{"Sid", "t"}}}}}},
        {"RecursiveLoop", "Allow"},
        {"Tags", {{"a", "2"}, {"b", "1"}}}};
    auto const unit = plan_function(wanted, there, {});
    EXPECT_THAT(steps_of(unit),
                ElementsAre("~ tags", "~ alias live", "+ alias new", "+ reserved concurrency",
                            "+ provisioned concurrency of live",
                            "- permission s of live, which is another one",
                            "+ permission s of live", "+ function URL"));
    EXPECT_EQ(unit.steps[1].body,
              (json{{"FunctionVersion", "1"},
                    {"Description", ""},
                    {"RoutingConfig", {{"AdditionalVersionWeights", json::object()}}}}));
    EXPECT_EQ(unit.steps[4].target,
              "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=live");
    EXPECT_EQ(unit.steps[7].target, "/2021-10-31/functions/f/url");
    EXPECT_THAT(unit.notes, testing::UnorderedElementsAre(
                                "alias alone is at the target alone, and stays",
                                "permission \"t\" of live is at the target alone, and stays",
                                "tag b is at the target alone, and stays",
                                "recursion config (\"Allow\") is at the target alone, and stays"));
}

TEST(FunctionParts, MappingsAreTheSameByTheirSource) {
    json const mapping = {{"EventSourceArn", "arn:q"}, {"BatchSize", 5}, {"Enabled", true}};
    auto wanted = function(configuration("a"));
    wanted.parts["EventSourceMappings"] = json::array({mapping});
    auto there = function(configuration("a"));
    auto const made = plan_function(wanted, there, {});
    EXPECT_EQ(made.steps.at(0).body, (json{{"EventSourceArn", "arn:q"},
                                           {"BatchSize", 5},
                                           {"Enabled", false},
                                           {"FunctionName", "f"}}));
    EXPECT_EQ(plan_function(wanted, there, {.enable_mappings = true}).steps.at(0).body["Enabled"],
              true);

    json changed = mapping;
    changed["UUID"] = "u";
    changed["BatchSize"] = 6;
    changed["Enabled"] = false;
    changed["StartingPosition"] = "LATEST";
    there.parts["EventSourceMappings"] = json::array({changed});
    auto const update = plan_function(wanted, there, {});
    EXPECT_EQ(update.steps.at(0).target, "/2015-03-31/event-source-mappings/u");
    EXPECT_EQ(update.steps.at(0).body, (json{{"FunctionName", "f"}, {"BatchSize", 5}}));
    EXPECT_THAT(update.conflicts, ElementsAre(HasSubstr("StartingPosition")));
}

}  // namespace
}  // namespace meridian::transfer
