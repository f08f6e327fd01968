#include "deploy/plan.h"

#include <gtest/gtest.h>

#include "deploy/plan_json.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

Stack stack_of(std::vector<StackResource> resources) {
    return {.name = "shop", .region = "r", .account = "1", .resources = std::move(resources)};
}

StackResource function_resource(json const& properties) {
    StackResource out{.logical_id = "F",
                      .type = "AWS::Lambda::Function",
                      .properties = {{"Code", {{"CodeSha256", "sha"}}}, {"Role", "arn:role"}}};
    if (properties.is_object()) out.properties.update(properties);
    out.mark = {"t.yaml", 7, 3};
    return out;
}

// As a deploy of these properties would have left it.
struct Deployed {
    StackRecord record{.name = "shop", .region = "r", .account = "1"};
    StandingResources standing;

    explicit Deployed(Stack const& stack) {
        auto const plan = make_plan({.stack = stack, .record = record, .standing = standing});
        EXPECT_TRUE(plan) << plan.error().message;
        for (auto const& change : plan->changes) {
            ResourceRecord made{.logical_id = change.logical_id,
                                .type = change.type,
                                .physical_id = change.physical_id,
                                .properties = change.properties,
                                .deletion_policy = change.deletion_policy,
                                .generated_name = change.generated_name};
            made.attributes.ref = change.physical_id;
            standing[change.logical_id] = Standing{.physical_id = change.physical_id,
                                                   .properties = change.properties,
                                                   .attributes = made.attributes};
            record.put(std::move(made));
        }
    }
    [[nodiscard]] Result<Plan> plan(Stack const& stack) const {
        return make_plan({.stack = stack, .record = record, .standing = standing});
    }
};

struct PlanRow {
    std::string name;
    json before;
    json after;
    ChangeAction action;
    std::vector<std::string> properties;
};

TEST(Plan, SaysWhatAnUpdateDoes) {
    std::vector<PlanRow> const rows = {
        {"nothing", {}, {}, ChangeAction::kNothing, {}},
        {"a default that is written out", {}, {{"Timeout", 3}}, ChangeAction::kNothing, {}},
        {"a number from a parameter",
         {{"Timeout", 9}},
         {{"Timeout", "9"}},
         ChangeAction::kNothing,
         {}},
        {"tags in another order",
         {{"Tags", {{{"Key", "b"}, {"Value", "2"}}, {{"Key", "a"}, {"Value", "1"}}}}},
         {{"Tags", {{{"Key", "a"}, {"Value", "1"}}, {{"Key", "b"}, {"Value", "2"}}}}},
         ChangeAction::kNothing,
         {}},
        {"a changed one", {}, {{"Timeout", 9}}, ChangeAction::kUpdate, {"Timeout"}},
        {"one that goes back to its default",
         {{"Timeout", 9}},
         {},
         ChangeAction::kUpdate,
         {"Timeout"}},
        {"other code", {}, {{"Code", {{"CodeSha256", "other"}}}}, ChangeAction::kUpdate, {"Code"}},
        {"another name",
         {{"FunctionName", "a"}},
         {{"FunctionName", "b"}},
         ChangeAction::kReplace,
         {"FunctionName"}},
        {"a name that was generated",
         {},
         {{"FunctionName", "b"}},
         ChangeAction::kReplace,
         {"FunctionName", "LoggingConfig"}},
        {"a reservation that ends",
         {{"ReservedConcurrentExecutions", 5}},
         {},
         ChangeAction::kUpdate,
         {"ReservedConcurrentExecutions"}},
    };
    for (auto const& row : rows) {
        Deployed const deployed(stack_of({function_resource(row.before)}));
        auto const plan = deployed.plan(stack_of({function_resource(row.after)}));
        ASSERT_TRUE(plan) << row.name << ": " << plan.error().message;
        ASSERT_EQ(plan->changes.size(), 1U) << row.name;
        auto const& change = plan->changes.front();
        EXPECT_EQ(name_of(change.action), name_of(row.action)) << row.name;
        std::vector<std::string> changed;
        for (auto const& each : change.changes) changed.push_back(each.property);
        std::ranges::sort(changed);
        auto expected = row.properties;
        if (row.name == "another name") expected.push_back("LoggingConfig");
        std::ranges::sort(expected);
        EXPECT_EQ(changed, expected) << row.name;
        EXPECT_TRUE(change.drift.empty()) << row.name;
    }
}

TEST(Plan, NamesAreTheSameEveryTimeAndFit) {
    auto const stack = stack_of({function_resource({})});
    Deployed const one(stack);
    Deployed const other(stack);
    auto const& name = one.record.resources.front().physical_id;
    EXPECT_EQ(name, other.record.resources.front().physical_id);
    EXPECT_TRUE(name.starts_with("shop-F-")) << name;
    std::string const lengthy(200, 'x');
    EXPECT_LE(physical_name({.stack = lengthy, .logical_id = lengthy, .region = "r"}).size(), 64U);
    EXPECT_NE(physical_name({.stack = "s", .logical_id = "F", .region = "a"}),
              physical_name({.stack = "s", .logical_id = "F", .region = "b"}));
}

TEST(Plan, WhatTheTemplateHasNoMoreIsRemovedOrLetGo) {
    for (auto const* const policy : {"Delete", "Retain"}) {
        auto resource = function_resource({});
        resource.deletion_policy = policy;
        Deployed const deployed(stack_of({resource}));
        auto const plan = deployed.plan(stack_of({}));
        ASSERT_TRUE(plan);
        ASSERT_EQ(plan->changes.size(), 1U);
        EXPECT_EQ(plan->changes[0].action,
                  std::string(policy) == "Delete" ? ChangeAction::kRemove : ChangeAction::kForget);
    }
}

TEST(Plan, WhatSomebodyChangedByHandIsShownAndTakenBack) {
    auto const stack = stack_of({function_resource({{"Timeout", 9}})});
    Deployed deployed(stack);
    deployed.standing["F"]->properties["Timeout"] = 60;
    deployed.standing["F"]->properties["ReservedConcurrentExecutions"] = 1;
    auto const plan = deployed.plan(stack);
    ASSERT_TRUE(plan);
    auto const& change = plan->changes.front();
    EXPECT_EQ(change.action, ChangeAction::kUpdate);
    ASSERT_EQ(change.drift.size(), 2U);
    EXPECT_EQ(change.drift[0].before, 9);
    EXPECT_EQ(change.drift[0].after, 60);
    EXPECT_EQ(change.changes.size(), 2U);
    EXPECT_TRUE(find_drift(deployed.record, deployed.standing).has_drift());
    EXPECT_TRUE(plan_text(*plan).contains("changed by hand: Timeout: 9 → 60")) << plan_text(*plan);
}

TEST(Plan, WhatSomebodyRemovedByHandIsMadeAgain) {
    auto const stack = stack_of({function_resource({})});
    Deployed deployed(stack);
    deployed.standing["F"] = std::nullopt;
    auto const plan = deployed.plan(stack);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->changes.front().action, ChangeAction::kCreate);
    EXPECT_TRUE(plan->changes.front().is_gone);
}

TEST(Plan, WhatIsSomebodyElsesIsRefused) {
    auto const stack = stack_of({function_resource({{"FunctionName", "taken"}})});
    StackRecord const none{.name = "shop", .region = "r", .account = "1"};
    StandingResources standing;
    standing["F"] =
        Standing{.physical_id = "taken", .properties = json::object(), .attributes = {}};
    auto const plan = make_plan({.stack = stack, .record = none, .standing = standing});
    ASSERT_FALSE(plan);
    EXPECT_TRUE(plan.error().message.starts_with("t.yaml:7:3: ")) << plan.error().message;
    // Unless another region of this deploy made it.
    EXPECT_TRUE(
        make_plan({.stack = stack, .record = none, .standing = standing, .shared = {"taken"}}));
}

struct RefusedRow {
    std::string name;
    json before;
    json after;
    std::string type_after = "AWS::Lambda::Function";
};

TEST(Plan, WhatCannotBeIsSaidWithItsPlace) {
    for (auto const& row : {
             RefusedRow{"an unknown property", {}, {{"Colour", "red"}}},
             RefusedRow{"a text for a number", {}, {{"Timeout", "soon"}}},
             RefusedRow{"a replacement under a name that is taken",
                        {{"FunctionName", "a"}},
                        {{"FunctionName", "a"}, {"PackageType", "Image"}}},
             RefusedRow{"another type", {}, {}, "AWS::Lambda::Alias"},
             RefusedRow{"a type that is not ours", {}, {}, "AWS::S3::Bucket"},
         }) {
        Deployed const deployed(stack_of({function_resource(row.before)}));
        auto resource = function_resource(row.after);
        resource.type = row.type_after;
        auto const plan = deployed.plan(stack_of({resource}));
        ASSERT_FALSE(plan) << row.name;
        EXPECT_TRUE(plan.error().message.starts_with("t.yaml:7:3: ")) << plan.error().message;
    }
}

TEST(Plan, AVersionIsPublishedOnlyForWhatItShallBe) {
    struct VersionRow {
        std::string name;
        bool any_change;
        json after;
        bool publishes;
    };
    for (auto const& row :
         {VersionRow{"nothing", true, {}, false},
          VersionRow{"code", false, {{"Code", {{"CodeSha256", "other"}}}}, true},
          VersionRow{"memory", false, {{"MemorySize", 256}}, false},
          VersionRow{"memory, of all properties", true, {{"MemorySize", 256}}, true},
          VersionRow{"tags are no part of a version",
                     true,
                     {{"Tags", {{{"Key", "a"}, {"Value", "1"}}}}},
                     false}}) {
        StackResource version{.logical_id = "V",
                              .type = "AWS::Lambda::Version",
                              .properties = {{"FunctionName", {{"Ref", "F"}}}}};
        version.auto_publish = true;
        version.publish_on_any_change = row.any_change;
        Deployed deployed(stack_of({function_resource({}), version}));
        // The reference has its value by then.
        for (auto* const properties :
             {&deployed.standing["V"]->properties, &deployed.record.resources[1].properties})
            (*properties)["FunctionName"] = deployed.record.resources[0].physical_id;
        auto const plan = deployed.plan(stack_of({function_resource(row.after), version}));
        ASSERT_TRUE(plan) << plan.error().message;
        EXPECT_EQ(plan->find("V")->action == ChangeAction::kUpdate, row.publishes) << row.name;
    }
}

TEST(PlanJson, IsReadAgainAndHidesVariables) {
    Deployed const deployed(stack_of({function_resource({})}));
    auto const plan = deployed.plan(stack_of(
        {function_resource({{"Environment", {{"Variables", {{"PASSWORD", "swordfish"}}}}}})}));
    ASSERT_TRUE(plan);
    auto const again = parse_plan(to_json(*plan));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), to_json(*plan));
    EXPECT_TRUE(plan_text(*plan).contains("Environment.PASSWORD")) << plan_text(*plan);
    EXPECT_FALSE(plan_text(*plan).contains("swordfish"));
    EXPECT_FALSE(shown_plan(*plan).dump().contains("swordfish"));
    EXPECT_FALSE(parse_plan(json::parse(R"([{"Action":"Explode"}])")));
}

}  // namespace
}  // namespace meridian::deploy
