#include "transfer/normal_form.h"

#include <gtest/gtest.h>

#include "transfer/inventory.h"

namespace meridian::transfer {
namespace {

using nlohmann::json;

TEST(NormalConfiguration, FillsInDefaultsAndDropsWhatOneServerKnows) {
    auto const normal = normal_configuration(
        {{"FunctionName", "f"},
         {"FunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:f"},
         {"Role", "arn:aws:iam::123456789012:role/r"},
         {"Runtime", "python3.11"},
         {"RevisionId", "1"},
         {"State", "Active"},
         {"CodeSha256", "hash"},
         {"CodeSize", 3},
         {"RuntimeVersionConfig", {{"RuntimeVersionArn", "x"}}},
         {"VpcConfig",
          {{"SubnetIds", json::array()}, {"SecurityGroupIds", json::array()}, {"VpcId", ""}}},
         {"Environment", {{"Variables", json::object()}}},
         {"SnapStart", {{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}}},
         {"Layers", {{{"Arn", "layer:1"}, {"CodeSize", 7}}}}});
    EXPECT_EQ(normal,
              (json{{"Role", "arn:aws:iam::123456789012:role/r"},
                    {"Runtime", "python3.11"},
                    {"CodeSha256", "hash"},
                    {"Layers", {"layer:1"}},
                    {"Architectures", {"x86_64"}},
                    {"Description", ""},
                    {"EphemeralStorage", {{"Size", 512}}},
                    {"LoggingConfig", {{"LogFormat", "Text"}, {"LogGroup", "/aws/lambda/f"}}},
                    {"MemorySize", 128},
                    {"PackageType", "Zip"},
                    {"SnapStart", {{"ApplyOn", "None"}}},
                    {"Timeout", 3},
                    {"TracingConfig", {{"Mode", "PassThrough"}}}}));
    EXPECT_EQ(without_defaults(normal, "f"), (json{{"Role", "arn:aws:iam::123456789012:role/r"},
                                                   {"Runtime", "python3.11"},
                                                   {"CodeSha256", "hash"},
                                                   {"Layers", {"layer:1"}}}));
}

TEST(NormalConfiguration, KeepsWhatIsNotDefaultAndWhatIsNotKnownYet) {
    json const given = {
        {"FunctionName", "f"},
        {"VpcConfig", {{"SubnetIds", {"s"}}, {"SecurityGroupIds", {"g"}}, {"VpcId", "v"}}},
        {"ImageConfigResponse", {{"ImageConfig", {{"Command", {"c"}}}}}},
        {"DeadLetterConfig", {{"TargetArn", "arn:q"}}},
        {"OfTomorrow", {{"A", 1}}}};
    auto const normal = normal_configuration(given);
    EXPECT_EQ(normal["VpcConfig"], (json{{"SubnetIds", {"s"}}, {"SecurityGroupIds", {"g"}}}));
    EXPECT_EQ(normal["ImageConfig"], (json{{"Command", {"c"}}}));
    EXPECT_EQ(normal["DeadLetterConfig"]["TargetArn"], "arn:q");
    EXPECT_EQ(normal["OfTomorrow"], (json{{"A", 1}}));
}

TEST(NormalForm, IsItsOwnNormalForm) {
    auto once = normal_configuration({{"FunctionName", "f"}, {"Layers", {{{"Arn", "layer:1"}}}}});
    auto again = once;
    again["FunctionName"] = "f";
    EXPECT_EQ(normal_configuration(again), once);
}

TEST(Arns, HaveQualifiersOrNot) {
    std::string const arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    for (auto const& [given, qualifier] :
         {std::pair(arn, std::string(kLatest)), std::pair(arn + ":live", std::string("live")),
          std::pair(arn + ":$LATEST", std::string(kLatest)),
          std::pair(std::string("nonsense"), std::string(kLatest)),
          std::pair(std::string(), std::string(kLatest))}) {
        EXPECT_EQ(qualifier_of(given), qualifier) << given;
    }
    EXPECT_EQ(unqualified(arn + ":live"), arn);
    EXPECT_EQ(unqualified(arn), arn);
}

TEST(NormalMapping, SaysWhetherItIsEnabled) {
    auto const normal =
        normal_mapping({{"UUID", "u"},
                        {"FunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:f:live"},
                        {"State", "Disabled"},
                        {"LastModified", 1.5},
                        {"EventSourceArn", "arn:q"},
                        {"FilterCriteria", json::object()},
                        {"BatchSize", 5}});
    EXPECT_EQ(normal, (json{{"UUID", "u"},
                            {"EventSourceArn", "arn:q"},
                            {"BatchSize", 5},
                            {"Enabled", false},
                            {"Qualifier", "live"}}));
}

TEST(Statements, LoseTheirResource) {
    EXPECT_EQ(normal_statements(R"({"Statement":[{"Sid":"a","Resource":"r","Condition":{}}]})"),
              (json::array({{{"Sid", "a"}}})));
    for (auto const* const text : {"", "x", "[]", R"({"Statement":[1]})"})
        EXPECT_EQ(normal_statements(text), json::array()) << text;
}

TEST(NormalRole, ReadsDocumentsAndTexts) {
    auto const role = normal_role({{"Path", "/p/"},
                                   {"MaxSessionDuration", "7200"},
                                   {"AssumeRolePolicyDocument", "%7B%22Version%22%3A%221%22%7D"},
                                   {"PermissionsBoundary", {{"PermissionsBoundaryArn", "arn:b"}}}});
    EXPECT_EQ(role, (json{{"Path", "/p/"},
                          {"MaxSessionDuration", 7200},
                          {"AssumeRolePolicyDocument", {{"Version", "1"}}},
                          {"PermissionsBoundary", "arn:b"}}));
    EXPECT_EQ(policy_document("not%20json"), "not json");
}

}  // namespace
}  // namespace meridian::transfer
