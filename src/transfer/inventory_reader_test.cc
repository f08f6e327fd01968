#include "transfer/inventory_reader.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transfer/fake_aws_api.h"
#include "transfer/renaming.h"
#include "transfer/told.h"

namespace meridian::transfer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string arn(std::string const& name) {
    return "arn:aws:lambda:us-east-1:123456789012:function:" + name;
}

// A region with functions a, ab and b on two pages; b has versions, and all have one role.
FakeAwsApi region() {
    FakeAwsApi api;
    api.on("sts GetCallerIdentity", {{"Account", "123456789012"}})
        .on("GET /2015-03-31/functions/",
            {{"Functions", {{{"FunctionName", "a"}}, {{"FunctionName", "b"}}}},
             {"NextMarker", "m/1"}})
        .on("GET /2015-03-31/functions/?Marker=m%2F1",
            {{"Functions", {{{"FunctionName", "ab"}}}}, {"NextMarker", nullptr}});
    for (std::string const name : {"a", "b", "ab"}) {
        api.on("GET /2015-03-31/functions/" + name,
               {{"Configuration",
                 {{"FunctionName", name},
                  {"FunctionArn", arn(name)},
                  {"Role", "arn:aws:iam::123456789012:role/r"},
                  {"CodeSha256", "x"}}},
                {"Tags", {{"of", name}}},
                {"Concurrency", {{"ReservedConcurrentExecutions", 3}}}});
    }
    api.on("GET /2015-03-31/functions/b/versions",
           {{"Versions",
             {{{"Version", "$LATEST"}},
              {{"Version", "2"},
               {"CodeSha256", "y"},
               {"Role", "arn:aws:iam::123456789012:role/r"},
               {"Layers", {{{"Arn", "arn:aws:lambda:us-east-1:123456789012:layer:l:1"}}}}}}}});
    api.on("GET /2015-03-31/functions/b/policy?Qualifier=2",
           {{"Policy", R"({"Statement":[{"Sid":"s","Resource":"r"}]})"}});
    api.on("GET /2015-03-31/event-source-mappings/",
           {{"EventSourceMappings",
             {{{"FunctionArn", arn("b") + ":2"}, {"EventSourceArn", "q"}, {"State", "Enabled"}},
              {{"FunctionArn", arn("other")}, {"EventSourceArn", "q"}}}}});
    api.on("iam GetRole",
           {{"Role", {{"RoleName", "r"}, {"Path", "/"}, {"AssumeRolePolicyDocument", "%7B%7D"}}}});
    api.on("iam ListAttachedRolePolicies",
           {{"AttachedPolicies",
             {{{"PolicyArn", "arn:aws:iam::123456789012:policy/own"}},
              {{"PolicyArn", "arn:aws:iam::aws:policy/Theirs"}}}},
            {"IsTruncated", "false"}});
    api.on("iam GetPolicy", {{"Policy", {{"DefaultVersionId", "v3"}, {"Path", "/"}}}});
    api.on("iam GetPolicyVersion", {{"PolicyVersion", {{"Document", "%7B%7D"}}}});
    return api;
}

Result<Inventory> read(FakeAwsApi& api, std::vector<std::string> names) {
    return run(read_inventory({&api}, {.functions = std::move(names)}, {}));
}

TEST(ReadInventory, FollowsPagesAndPatterns) {
    auto api = region();
    auto const all = read(api, {});
    ASSERT_TRUE(all) << all.error().message;
    std::vector<std::string> names;
    for (auto const& function : all->functions) names.push_back(function.name());
    EXPECT_THAT(names, ElementsAre("a", "ab", "b"));
    EXPECT_EQ(all->account, "123456789012");
    EXPECT_EQ(read(api, {"a*"})->functions.size(), 2U);
    EXPECT_EQ(read(api, {"b", "a?"})->functions.size(), 2U);
    EXPECT_EQ(read(api, {"b", "c*"}).error().code, Errc::kResourceNotFound);
}

TEST(ReadInventory, ReadsWhatHangsUnderAFunctionAndWhatItNeeds) {
    auto api = region();
    auto const one = read(api, {"b"});
    ASSERT_TRUE(one) << one.error().message;
    auto const& b = one->functions.at(0);
    EXPECT_EQ(b.versions.at(2)["CodeSha256"], "y");
    EXPECT_EQ(b.parts,
              (json{{"Tags", {{"of", "b"}}},
                    {"ReservedConcurrency", 3},
                    {"Policies", {{"2", {{{"Sid", "s"}}}}}},
                    {"EventSourceMappings",
                     {{{"EventSourceArn", "q"}, {"Enabled", true}, {"Qualifier", "2"}}}}}));
    EXPECT_EQ(one->roles.at("arn:aws:iam::123456789012:role/r")["ManagedPolicies"],
              (json{"arn:aws:iam::123456789012:policy/own", "arn:aws:iam::aws:policy/Theirs"}));
    EXPECT_EQ(one->policies.size(), 1U) << "AWS's own are not copied";
    // The layer is gone, though a version names it.
    EXPECT_THAT(one->untold, ElementsAre(Untold{"GetLayerVersion",
                                                "layer version arn:aws:lambda:us-east-1:"
                                                "123456789012:layer:l:1",
                                                "it was deleted, but functions name it"}));
}

TEST(ReadInventory, ListsWhatItWasNotTold) {
    auto api = region();
    api.on("GET /2015-03-31/functions/a/aliases", {{"Message", "you may not"}}, 403,
           "AccessDeniedException")
        .on("GET /2024-08-31/functions/a/recursion-config", "<html>", 404)
        .on("GET /2021-10-31/functions/a/urls", {{"Message", "x"}}, 404,
            "UnknownOperationException")
        .on("GET /2019-09-30/functions/a/provisioned-concurrency?List=ALL", nullptr, 501,
            "NotImplementedException");
    auto const one = read(api, {"a"});
    ASSERT_TRUE(one) << one.error().message;
    std::vector<std::string> untold;
    for (auto const& entry : one->untold) {
        EXPECT_EQ(entry.of, "function a");
        untold.push_back(entry.what + ": " + entry.reason);
    }
    EXPECT_THAT(untold, ElementsAre("ListAliases: AccessDeniedException (403): you may not",
                                    "ListFunctionUrlConfigs: UnknownOperationException (404): x",
                                    "ListProvisionedConcurrencyConfigs: NotImplementedException "
                                    "(501)",
                                    "GetFunctionRecursionConfig: an error (404): a page instead of "
                                    "the API's own words"));
}

TEST(ReadInventory, NullIsNothing) {
    auto api = region();
    api.on("GET /2015-03-31/functions/a/versions", {{"Versions",
                                                     {{{"Version", "1"},
                                                       {"Role", "arn:aws:iam::123456789012:role/r"},
                                                       {"Layers", nullptr},
                                                       {"Description", nullptr},
                                                       {"Environment", {{"Error", nullptr}}}}}}});
    auto const one = read(api, {"a"});
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_EQ(one->functions.at(0).versions.at(1)["Description"], "");
    EXPECT_THAT(one->untold, IsEmpty());
}

TEST(ReadInventory, ErrorsEndIt) {
    auto api = region();
    api.on_error("GET /2015-03-31/functions/ab/versions", Errc::kUnavailable);
    EXPECT_EQ(read(api, {}).error().code, Errc::kUnavailable);
    FakeAwsApi strange;
    strange.on("sts GetCallerIdentity", {{"Account", "1"}})
        .on("GET /2015-03-31/functions/", {{"Functions", {1, 2}}});
    EXPECT_EQ(read(strange, {}).error().code, Errc::kIo);
    FakeAwsApi closed;
    closed.otherwise(403, {{"Message", "no"}}, "AccessDeniedException");
    EXPECT_EQ(read(closed, {}).error().code, Errc::kAccessDenied);
    FakeAwsApi endless;
    endless.otherwise(200, {{"Functions", json::array()}, {"NextMarker", "again"}}, "");
    EXPECT_EQ(read(endless, {}).error().code, Errc::kIo);
}

TEST(Patterns, StandForNames) {
    struct Case {
        char const *pattern, *name;
        bool matches;
    };
    for (auto const& [pattern, name, wanted] :
         {Case{"a", "a", true}, Case{"a", "ab", false}, Case{"*", "", true}, Case{"*", "x", true},
          Case{"a*c", "abc", true}, Case{"a*c", "abcd", false}, Case{"*a*b*", "xaybz", true},
          Case{"a?c", "abc", true}, Case{"a?c", "ac", false}, Case{"", "", true},
          Case{"", "a", false}, Case{"**a", "ba", true}, Case{"a**", "a", true}})
        EXPECT_EQ(matches(pattern, name), wanted) << pattern << " " << name;
}

TEST(Renaming, OwnArnsBecomeTheTargetsAndNothingElse) {
    Inventory inventory{.region = "us-east-1", .account = "111111111111"};
    FunctionRecord function{.arn = "arn:aws:lambda:us-east-1:111111111111:function:f"};
    function.source_arn = function.arn;
    function.latest = {
        {"Role", "arn:aws:iam::111111111111:role/r"},
        {"Layers", {"arn:aws:lambda:us-east-1:999999999999:layer:l:1"}},
        {"DeadLetterConfig", {{"TargetArn", "arn:aws:sqs:us-east-1:111111111111:q"}}}};
    inventory.functions = {function};
    inventory.roles["arn:aws:iam::111111111111:role/r"] = json::object();
    rename_in(inventory, own_arns(inventory, "sa-east-1", "222222222222"));
    auto const& moved = inventory.functions[0];
    EXPECT_EQ(moved.arn, "arn:aws:lambda:sa-east-1:222222222222:function:f");
    EXPECT_EQ(moved.source_arn, function.arn);
    EXPECT_EQ(moved.latest["Role"], "arn:aws:iam::222222222222:role/r");
    EXPECT_EQ(moved.latest["Layers"], function.latest["Layers"]);
    EXPECT_EQ(moved.latest["DeadLetterConfig"], function.latest["DeadLetterConfig"]);
    EXPECT_TRUE(inventory.roles.contains("arn:aws:iam::222222222222:role/r"));

    EXPECT_EQ(renamed("a-b-a", {{"a", "aa"}, {"b", "x"}}), "aa-x-aa");
    EXPECT_EQ(read_renaming({"a=b=c"}).value(), (Renaming{{"a", "b=c"}}));
    for (auto const* const bad : {"", "a", "=a"}) EXPECT_FALSE(read_renaming({bad})) << bad;
}

TEST(UntoldText, GroupsTheSameReason) {
    std::vector<Untold> untold;
    for (char c = 'a'; c <= 'h'; ++c) untold.push_back({"GetX", std::string(1, c), "no"});
    untold.push_back({"GetY", "a", "why"});
    auto const text = untold_text(untold);
    EXPECT_THAT(text, HasSubstr("GetX of a and 7 more: no\n"));
    EXPECT_THAT(text, HasSubstr("GetY of a: why\n"));
    EXPECT_THAT(text, HasSubstr("Never told by this API:"));
    EXPECT_THAT(untold_text({}), Not(HasSubstr("Could not be told")));
}

}  // namespace
}  // namespace meridian::transfer
