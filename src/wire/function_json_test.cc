#include "wire/function_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wire/iam_json.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

model::RegionName const kRegion("us-east-1");

json configuration(model::RunnableVersion const& version, model::RegionName const& region = kRegion,
                   ArnForm form = ArnForm::kUnqualified) {
    JsonWriter out;
    write_function_configuration(out, version, region, function_arn(version, region, form));
    return json::parse(out.text());
}

json list_item(model::RunnableVersion const& version, model::RegionName const& region = kRegion,
               ArnForm form = ArnForm::kUnqualified) {
    JsonWriter out;
    write_function_list_item(out, version, region, function_arn(version, region, form));
    return json::parse(out.text());
}

model::RunnableVersion function() {
    model::RunnableVersion out;
    out.account = model::AccountId("123456789012");
    out.name = model::FunctionName("f");
    out.version.settings.runtime = "nodejs22.x";
    out.version.settings.handler = "index.handler";
    out.version.settings.role_arn = "arn:aws:iam::123456789012:role/r";
    out.version.code = {model::CodeSha256("c2hh"), 321};
    out.version.last_modified = WallTime{std::chrono::milliseconds{1'704'067'200'123}};
    out.version.revision = {model::RevisionId("moving"), model::RevisionId("settled")};
    out.status.state = model::State::kActive;
    return out;
}

json const kActiveFunction = json::parse(R"({
    "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    "Runtime": "nodejs22.x",
    "Role": "arn:aws:iam::123456789012:role/r",
    "Handler": "index.handler",
    "CodeSize": 321,
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "LastModified": "2024-01-01T00:00:00.123+0000",
    "CodeSha256": "c2hh",
    "Version": "$LATEST",
    "TracingConfig": {"Mode": "PassThrough"},
    "RevisionId": "settled",
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "PackageType": "Zip",
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
})");

// The runtime's version is a hash that says nothing by itself.
json without_runtime_version(json value) {
    EXPECT_TRUE(value["RuntimeVersionConfig"]["RuntimeVersionArn"].get<std::string>().starts_with(
        "arn:aws:lambda:us-east-1::runtime:"));
    EXPECT_EQ(value["RuntimeVersionConfig"]["RuntimeVersionArn"].get<std::string>().size(),
              34u + 64u);
    value.erase("RuntimeVersionConfig");
    return value;
}

json expected() { return kActiveFunction; }

TEST(FunctionJson, AnActiveFunctionHasTheRecordedMembersAndNoOthers) {
    EXPECT_EQ(without_runtime_version(configuration(function())), expected());
}

TEST(FunctionJson, APendingFunctionHasReasonsAndNoLastUpdateStatus) {
    auto value = function();
    value.status = {.state = model::State::kPending,
                    .state_reason = "The function is being created.",
                    .state_reason_code = "Creating"};
    auto want = expected();
    want.erase("LastUpdateStatus");
    want["State"] = "Pending";
    want["StateReason"] = "The function is being created.";
    want["StateReasonCode"] = "Creating";
    want["RevisionId"] = "moving";
    EXPECT_EQ(without_runtime_version(configuration(value)), want);
}

TEST(FunctionJson, AnUpdateInProgressHasItsReasons) {
    auto value = function();
    value.status.last_update = model::LastUpdateStatus::kInProgress;
    value.status.last_update_reason = "The function is being created.";
    value.status.last_update_reason_code = "Creating";
    auto want = expected();
    want["LastUpdateStatus"] = "InProgress";
    want["LastUpdateStatusReason"] = "The function is being created.";
    want["LastUpdateStatusReasonCode"] = "Creating";
    want["RevisionId"] = "moving";
    EXPECT_EQ(without_runtime_version(configuration(value)), want);
}

TEST(FunctionJson, AListItemShowsNoState) {
    auto want = expected();
    want.erase("State");
    want.erase("LastUpdateStatus");
    EXPECT_EQ(list_item(function()), want);
}

TEST(FunctionJson, MembersFollowTheSettings) {
    struct Case {
        char const* name;
        void (*change)(model::RunnableVersion&);
        char const* member;
        char const* value;
    };
    Case const cases[] = {
        {"environment",
         [](auto& f) { f.version.settings.environment = model::EnvironmentVariables{{"K1", "v"}}; },
         "Environment", R"({"Variables":{"K1":"v"}})"},
        {"an empty environment",
         [](auto& f) { f.version.settings.environment = model::EnvironmentVariables{}; },
         "Environment", R"({"Variables":{}})"},
        {"log group", [](auto& f) { f.version.settings.log_group = "mine"; }, "LoggingConfig",
         R"({"LogFormat":"Text","LogGroup":"mine"})"},
        {"JSON logs", [](auto& f) { f.version.settings.json_logs = {"DEBUG", "WARN"}; },
         "LoggingConfig",
         R"({"LogFormat":"JSON","LogGroup":"/aws/lambda/f","ApplicationLogLevel":"DEBUG","SystemLogLevel":"WARN"})"},
        {"an empty VPC", [](auto& f) { f.version.settings.vpc.emplace(); }, "VpcConfig",
         R"({"SubnetIds":[],"SecurityGroupIds":[],"VpcId":"","Ipv6AllowedForDualStack":false})"},
        {"a VPC whose id nobody knows",
         [](auto& f) { f.version.settings.vpc = {{"subnet-1"}, {"sg-1"}, true}; }, "VpcConfig",
         R"({"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"],"Ipv6AllowedForDualStack":true})"},
        {"layers",
         [](auto& f) {
             f.version.settings.layers = {
                 {{model::AccountId("123456789012"), "l", 2}, {model::CodeSha256("x"), 7}}};
         },
         "Layers", R"([{"Arn":"arn:aws:lambda:us-east-1:123456789012:layer:l:2","CodeSize":7}])"},
        {"file systems", [](auto& f) { f.version.settings.file_systems = {{"arn", "/mnt/x"}}; },
         "FileSystemConfigs", R"([{"Arn":"arn","LocalMountPath":"/mnt/x"}])"},
        {"key", [](auto& f) { f.version.settings.kms_key_arn = "k"; }, "KMSKeyArn", R"("k")"},
        {"dead letters", [](auto& f) { f.version.settings.dead_letter_target_arn = "q"; },
         "DeadLetterConfig", R"({"TargetArn":"q"})"},
        {"tracing", [](auto& f) { f.version.settings.active_tracing = true; }, "TracingConfig",
         R"({"Mode":"Active"})"},
        {"SnapStart", [](auto& f) { f.version.settings.snap_start = true; }, "SnapStart",
         R"({"ApplyOn":"PublishedVersions","OptimizationStatus":"Off"})"},
        {"tmp", [](auto& f) { f.version.settings.ephemeral_storage_mb = 1024; }, "EphemeralStorage",
         R"({"Size":1024})"},
        {"version", [](auto& f) { f.version.version = model::Version("7"); }, "Version", R"("7")"},
    };
    for (auto const& test : cases) {
        auto value = function();
        test.change(value);
        auto const shown = configuration(value);
        ASSERT_TRUE(shown.contains(test.member)) << test.name;
        EXPECT_EQ(shown[test.member], json::parse(test.value)) << test.name;
    }
}

TEST(FunctionJson, AQualifiedArnEndsInTheVersion) {
    auto value = function();
    EXPECT_EQ(configuration(value, kRegion, ArnForm::kQualified)["FunctionArn"],
              "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
    value.version.version = model::Version("3");
    EXPECT_EQ(list_item(value, kRegion, ArnForm::kQualified)["FunctionArn"],
              "arn:aws:lambda:us-east-1:123456789012:function:f:3");
    EXPECT_EQ(list_item(value, model::RegionName("cn-north-1"), ArnForm::kQualified)["FunctionArn"],
              "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:3");
}

TEST(IamJson, ARoleIsShownAsIamShowsIt) {
    model::Role role;
    role.account = model::AccountId("123456789012");
    role.name = "r";
    role.id = "AROAXXXXXXXXXXXXXXXXX";
    role.path = "/p/";
    role.description = "d";
    role.assume_role_policy_document = R"({"a": "b"})";
    role.created = WallTime{std::chrono::seconds{1'704'067'200}};
    role.tags = {{"k", "v"}};
    auto const item = json::parse(R"({
        "Path": "/p/", "RoleName": "r", "RoleId": "AROAXXXXXXXXXXXXXXXXX",
        "Arn": "arn:aws:iam::123456789012:role/p/r", "CreateDate": 1704067200,
        "AssumeRolePolicyDocument": "%7B%22a%22%3A%20%22b%22%7D", "MaxSessionDuration": 3600, "Description": "d"})");
    EXPECT_EQ(role_list_item_json(role), item);
    auto whole = item;
    whole["Tags"] = json::parse(R"([{"Key":"k","Value":"v"}])");
    whole["RoleLastUsed"] = json::object();
    EXPECT_EQ(role_json(role), whole);
    EXPECT_EQ(attached_policy_json({"n", "arn"}),
              json::parse(R"({"PolicyName":"n","PolicyArn":"arn"})"));
}

}  // namespace
}  // namespace meridian::wire
