#include "vault/restore_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian::vault {
namespace {

using nlohmann::json;
using store::Kind;

model::AccountId const kMine("123456789012");
model::AccountId const kOthers("210987654321");

store::Key key(Kind kind, std::string id, model::AccountId account = kMine) {
    return {std::move(account), kind, std::move(id)};
}

RestoreScope scope() {
    return {.account = kMine,
            .from_region = model::RegionName("us-east-1"),
            .into_region = model::RegionName("us-east-1")};
}

std::vector<std::string> described(RestorePlan const& plan) {
    std::vector<std::string> out;
    for (auto const& change : plan.changes) out.push_back(describe(change));
    return out;
}

TEST(RestorePlan, CreatesChangesAndLeavesAlone) {
    RegionState const now{
        .records = {{key(Kind::kFunction, "same"), json{{"a", 1}, {"last_version", 2}}, {}, 7},
                    {key(Kind::kFunction, "other"), json{{"a", 1}, {"last_version", 0}}, {}, 8},
                    {key(Kind::kFunction, "newer"), json{{"a", 1}, {"last_version", 0}}, {}, 9}},
        .epitaphs = {}};
    auto const plan =
        plan_restore({{key(Kind::kAlias, "other:live"), json::object()},
                      {key(Kind::kFunction, "same"), json{{"a", 1}, {"last_version", 2}}},
                      {key(Kind::kFunction, "other"), json{{"a", 2}, {"last_version", 0}}},
                      {key(Kind::kIamRole, "r"), json::object()},
                      {key(Kind::kEventSourceMapping, "m"), json::object()},
                      {key(Kind::kLayer, "l"), json{{"last_version", 1}}},
                      {key(Kind::kFunction, "f", kOthers), json::object()}},
                     now, scope());
    EXPECT_THAT(described(plan),
                testing::ElementsAre("create role r", "create layer l", "change function other",
                                     "create alias other:live", "create event source mapping m"));
    EXPECT_EQ(plan.unchanged, 1U);
    EXPECT_EQ(plan.changes[2].replaces, 8U);
    ASSERT_EQ(plan.changes[2].members.size(), 1U);
    EXPECT_EQ(plan.changes[2].members[0].path, "/a");
    EXPECT_EQ(plan.changes[2].members[0].before, json(1));
    EXPECT_EQ(plan.changes[2].members[0].after, json(2));
    EXPECT_EQ(plan.changes[3].replaces, std::nullopt);
}

TEST(RestorePlan, ShowsWhatDiffersAndNoSecret) {
    RegionState const now{.records = {{key(Kind::kFunction, "f"),
                                       json{{"last_version", 0},
                                            {"latest",
                                             {{"last_modified_us", 1},
                                              {"settings",
                                               {{"timeout_seconds", 3},
                                                {"environment", {{"A", "old"}, {"B", "b"}}}}}}},
                                            {"tags", {{"revision", "1"}}}},
                                       {},
                                       7}},
                          .epitaphs = {}};
    auto hiding = scope();
    hiding.secrets = {{Kind::kFunction, {json::json_pointer("/latest/settings/environment")}}};
    auto const plan =
        plan_restore({{key(Kind::kFunction, "f"),
                       json{{"last_version", 0},
                            {"latest",
                             {{"last_modified_us", 2},
                              {"settings", {{"memory_mb", 256}, {"environment", {{"A", "new"}}}}}}},
                            {"tags", {{"revision", "2"}}}}}},
                     now, hiding);
    ASSERT_EQ(plan.changes.size(), 1U);
    std::vector<std::string> shown;
    for (auto const& member : plan.changes[0].members) {
        shown.push_back(fmt::format("{} {} {}{}{}", member.path, member.before.value_or("-").dump(),
                                    member.after.value_or("-").dump(),
                                    member.secret ? " secret" : "",
                                    member.bookkeeping ? " bookkeeping" : ""));
    }
    EXPECT_THAT(shown, testing::UnorderedElementsAre(
                           "/latest/last_modified_us 1 2 bookkeeping",
                           R"(/latest/settings/environment/A "-" "-" secret)",
                           R"(/latest/settings/environment/B "-" "-" secret)",
                           R"(/latest/settings/timeout_seconds 3 "-")",
                           R"(/latest/settings/memory_mb "-" 256)", R"(/tags/revision "1" "2")"));
}

TEST(RestorePlan, BringsPipelinesBackAndNotWhatTheyDid) {
    auto const plan =
        plan_restore({{key(Kind::kPipeline, "shop"), json::object()},
                      {key(Kind::kPipelineExecution, "shop:000000000001"), json::object()}},
                     {}, scope());
    EXPECT_THAT(described(plan), testing::ElementsAre("create pipeline shop"));
}

TEST(RestorePlan, OfOneFunctionTakesWhatHangsUnderIt) {
    auto only = scope();
    only.function = model::FunctionName("f");
    auto const plan = plan_restore({{key(Kind::kFunction, "f"), json{{"last_version", 1}}},
                                    {key(Kind::kFunctionVersion, "f:000000000001"), json::object()},
                                    {key(Kind::kResourcePolicy, "f:"), json::object()},
                                    {key(Kind::kFunction, "f2"), json{{"last_version", 1}}},
                                    {key(Kind::kIamRole, "f"), json::object()}},
                                   {}, only);
    EXPECT_THAT(described(plan), testing::ElementsAre("create function f", "create version f:1",
                                                      "create resource policy f"));
}

TEST(RestorePlan, NeverGivesAVersionsNumberAgain) {
    auto const kept = [](int last) {
        return std::vector<KeptRecord>{{key(Kind::kFunction, "f"), json{{"last_version", last}}}};
    };
    RegionState const changed{
        .records = {{key(Kind::kFunction, "f"), json{{"last_version", 5}}, {}, 1}}, .epitaphs = {}};
    EXPECT_THAT(described(plan_restore(kept(3), changed, scope())), testing::IsEmpty());
    RegionState const deleted{.records = {},
                              .epitaphs = {{key(Kind::kFunction, "f"), json{{"last_version", 5}}}}};
    EXPECT_EQ((*plan_restore(kept(3), deleted, scope()).changes[0].change.value)["last_version"],
              5);
    EXPECT_EQ((*plan_restore(kept(8), deleted, scope()).changes[0].change.value)["last_version"],
              8);

    // A function that had been deleted leaves its numbers in an empty region, too.
    std::vector<KeptRecord> const gone{
        {key(Kind::kFunction, "f"), json{{"last_version", 3}}, true}};
    auto const plan = plan_restore(gone, {}, scope());
    EXPECT_THAT(described(plan), testing::ElementsAre("remember the versions of function f"));
    EXPECT_EQ(plan.changes[0].change.epitaph, (json{{"last_version", 3}}));
    EXPECT_THAT(described(plan_restore(gone, deleted, scope())), testing::IsEmpty());
    EXPECT_THAT(described(plan_restore(gone, changed, scope())), testing::IsEmpty());
}

TEST(RestorePlan, RemovesWhatIsNotThereOnlyWhenAsked) {
    RegionState const now{
        .records = {{key(Kind::kFunction, "f"), json{{"last_version", 2}}, {}, 1},
                    {key(Kind::kFunctionVersion, "f:000000000002"), json::object(), {}, 1},
                    {key(Kind::kAlias, "f:new"), json::object(), {}, 2},
                    {key(Kind::kFunction, "g"), json{{"format", 2}, {"last_version", 7}}, {}, 3},
                    {key(Kind::kFunctionVersion, "g:000000000007"), json::object(), {}, 3},
                    {key(Kind::kFunction, "gone"), json{{"last_version", 1}}, {}, 4},
                    {key(Kind::kIamHome, "home"), json::object(), {}, 1}},
        .epitaphs = {}};
    std::vector<KeptRecord> const kept{
        {key(Kind::kFunction, "f"), json{{"last_version", 2}}},
        {key(Kind::kFunction, "gone"), json{{"last_version", 1}}, true}};
    EXPECT_THAT(described(plan_restore(kept, now, scope())), testing::IsEmpty());
    auto exactly = scope();
    exactly.exact = true;
    auto const plan = plan_restore(kept, now, exactly);
    EXPECT_THAT(described(plan),
                testing::ElementsAre("delete alias f:new", "delete function g",
                                     "delete version g:7", "delete function gone"));
    EXPECT_EQ(plan.changes[1].change.epitaph, (json{{"format", 2}, {"last_version", 7}}));
    EXPECT_THAT(plan.warnings,
                testing::ElementsAre("version f:2 stays: versions are never taken back"));
}

TEST(RestorePlan, IntoAnotherRegionOurOwnArnsNameIt) {
    auto into = scope();
    into.into_region = model::RegionName("sa-east-1");
    into.map = {{"arn:aws:sqs:us-east-1", "arn:aws:sqs:sa-east-1"}};
    auto const plan =
        plan_restore({{key(Kind::kFunction, "f"),
                       json{{"last_version", 0},
                            {"layers", {"arn:aws:lambda:us-east-1:123456789012:layer:l:1"}},
                            {"dead_letter", "arn:aws:sqs:us-east-1:123456789012:q"},
                            {"role", "arn:aws:iam::123456789012:role/r"},
                            {"key", "arn:aws:kms:us-east-1:123456789012:key/k"}}}},
                     {}, into);
    EXPECT_EQ(*plan.changes[0].change.value,
              (json{{"last_version", 0},
                    {"layers", {"arn:aws:lambda:sa-east-1:123456789012:layer:l:1"}},
                    {"dead_letter", "arn:aws:sqs:sa-east-1:123456789012:q"},
                    {"role", "arn:aws:iam::123456789012:role/r"},
                    {"key", "arn:aws:kms:us-east-1:123456789012:key/k"}}));
}

TEST(RestorePlan, SaysWhatCannotBeOpened) {
    auto const plan = plan_restore(
        {{key(Kind::kFunction, "f"),
          json{{"last_version", 0}, {"environment", {{"A", {{"$sealed", "x"}}}, {"B", "plain"}}}},
          false,
          {"/environment/A"}},
         {key(Kind::kIamAccessKey, "AKIA1"),
          json{{"secret", {{"$sealed", "x"}}}},
          false,
          {"/secret"}}},
        {}, scope());
    EXPECT_THAT(described(plan), testing::ElementsAre("create function f"));
    EXPECT_EQ((*plan.changes[0].change.value)["environment"], (json{{"B", "plain"}}));
    EXPECT_THAT(
        plan.warnings,
        testing::ElementsAre("function f: /environment/A cannot be opened; it is left out",
                             "access key AKIA1: its secret cannot be opened; it is left out"));
}

}  // namespace
}  // namespace meridian::vault
