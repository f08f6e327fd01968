// Steps of a region's work: what each makes of it, and that they say the same when they are read
// again.

#include "deploy/region_work.h"

#include <gtest/gtest.h>

#include "deploy/rollout_record.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

ResourceRecord a_resource(std::string id, std::string physical_id) {
    return {.logical_id = std::move(id),
            .type = "AWS::Lambda::Function",
            .physical_id = std::move(physical_id),
            .properties = {{"Handler", "app.handler"}},
            .attributes = {.ref = "r", .attributes = {{"Arn", "a"}}},
            .depends_on = {"Role"},
            .deletion_policy = "Retain",
            .generated_name = true,
            .shared = true};
}

StackRecord a_stack(std::vector<ResourceRecord> resources) {
    return {.name = "shop",
            .region = "us-east-1",
            .account = "123456789012",
            .resources = std::move(resources)};
}

RegionWork some_work() {
    return {.before = a_stack({a_resource("A", "a1")}),
            .now = a_stack({a_resource("A", "a1")}),
            .done = {"A"},
            .obsolete = {a_resource("Old", "o1")}};
}

struct WorkRow {
    std::string name;
    WorkStep step;
    RegionWork then;
};

TEST(RegionWork, AStepChangesWhatItSaysAlone) {
    auto const with = [](auto change) {
        auto work = some_work();
        change(work);
        return work;
    };
    std::vector<WorkRow> const rows = {
        WorkRow{"nothing", {}, some_work()},
        WorkRow{"another resource",
                {.now = {a_resource("B", "b1")}, .done = {"B"}},
                with([](RegionWork& work) {
                    work.now.resources.push_back(a_resource("B", "b1"));
                    work.done.insert("B");
                })},
        WorkRow{"a replacement",
                {.now = {a_resource("A", "a2")}, .obsolete = {a_resource("A", "a1")}},
                with([](RegionWork& work) {
                    work.now.resources = {a_resource("A", "a2")};
                    work.obsolete.push_back(a_resource("A", "a1"));
                })},
        WorkRow{"a removal", {.gone = {"A"}}, with([](RegionWork& work) {
                    work.now.resources.clear();
                })},
        WorkRow{"one that is made again",
                {.before = {a_resource("A", "a3")}},
                with([](RegionWork& work) { work.before.resources = {a_resource("A", "a3")}; })},
        WorkRow{"one that stays",
                {.obsolete_removed = 1, .leftovers = {{a_resource("Old", "o1"), "in use"}}},
                with([](RegionWork& work) {
                    work.obsolete.clear();
                    work.now.leftovers = {{a_resource("Old", "o1"), "in use"}};
                })},
        WorkRow{"more removed than there are",
                {.obsolete_removed = 9, .made_removed = 9},
                with([](RegionWork& work) { work.obsolete.clear(); })},
        WorkRow{
            "what a rollback removes, but for the last",
            {.made = std::vector{a_resource("B", "b1"), a_resource("C", "c1")}, .made_removed = 1},
            with([](RegionWork& work) { work.made = std::vector{a_resource("B", "b1")}; })},
        WorkRow{"the end",
                {.head =
                     StackHead{
                         .outputs = {{"Url", "u"}}, .rollout = "d-1", .source = {{"Commit", "c"}}}},
                with([](RegionWork& work) {
                    work.now.outputs = {{"Url", "u"}};
                    work.now.rollout = "d-1";
                    work.now.source = {{"Commit", "c"}};
                })},
    };
    for (auto const& row : rows) {
        SCOPED_TRACE(row.name);
        auto work = some_work();
        auto const read = parse_work_step(to_json(row.step));
        ASSERT_TRUE(read) << read.error().message;
        take_step(work, *read);
        EXPECT_EQ(to_json(work), to_json(row.then));
        auto const again = parse_region_work(to_json(work));
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(to_json(*again), to_json(row.then));
    }
}

TEST(RegionWork, LeftoversAreTriedAgain) {
    auto work = some_work();
    work.now.leftovers = {{a_resource("Kept", "k1"), "in use"}};
    take_step(work, *parse_work_step(to_json(WorkStep{.retries_leftovers = true})));
    EXPECT_TRUE(work.now.leftovers.empty());
    ASSERT_EQ(work.obsolete.size(), 2U);
    EXPECT_EQ(work.obsolete.back().physical_id, "k1");
}

TEST(RegionWork, WhatIsNoStepIsCorrupt) {
    for (auto const* const text : {R"({"Now":1})", R"({"Done":[1]})", R"({"MadeRemoved":-1})",
                                   R"({"Head":{}})", R"({"Leftovers":[{"Why":"x"}]})", "[]"}) {
        auto const step = parse_work_step(json::parse(text));
        ASSERT_FALSE(step) << text;
        EXPECT_EQ(step.error().code, Errc::kCorrupt) << text;
    }
}

RolloutRecord rollout_of(RegionWork work) {
    RolloutRecord out{.id = "d-ABCDEFGHI", .stack = "shop"};
    out.regions["us-east-1"].stack = {.name = "shop", .region = "us-east-1"};
    out.regions["us-east-1"].work = std::move(work);
    return out;
}

TEST(RolloutSteps, AreTakenInTheirOrderAndRaiseTheSequence) {
    auto rollout = rollout_of(some_work());
    auto const step = [](std::uint64_t number, WorkStep const& what) {
        return json{{"Number", number}, {"Step", step_record("us-east-1", what)}};
    };
    auto const taken =
        take_steps(rollout, {step(3, {.now = {a_resource("B", "b1")}}), step(7, {.gone = {"B"}})});
    ASSERT_TRUE(taken) << taken.error().message;
    auto const& part = rollout.regions.at("us-east-1");
    EXPECT_EQ(part.sequence, 7U);
    EXPECT_EQ(to_json(part.work), to_json(some_work()));
    for (auto const& bad : {json::array({1}), json::array({{{"Number", 8}}}),
                            json::array({{{"Number", 8}, {"Step", {{"Region", "elsewhere"}}}}})}) {
        auto const refused = take_steps(rollout, bad);
        ASSERT_FALSE(refused) << bad.dump();
        EXPECT_EQ(refused.error().code, Errc::kCorrupt);
    }
}

TEST(RolloutSteps, ARecordOfTheProgramBeforeIsReadStill) {
    auto text = to_json(rollout_of(some_work()));
    for (auto const& [format, known] :
         {std::pair{0, false}, std::pair{1, true}, std::pair{2, true}, std::pair{3, false}}) {
        text["Format"] = format;
        auto const read = parse_rollout(text);
        EXPECT_EQ(read.has_value(), known) << format;
        if (read) {
            EXPECT_EQ(to_json(read->regions.at("us-east-1").work), to_json(some_work()));
        } else {
            EXPECT_EQ(read.error().code, Errc::kNotImplemented) << format;
        }
    }
}

}  // namespace
}  // namespace meridian::deploy
