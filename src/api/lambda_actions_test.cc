// The actions from decoded request to answer, over fakes. What the control plane itself refuses is
// tested there.

#include <gtest/gtest.h>

#include "api/action_test_support.h"
#include "api/code_location.h"
#include "base/encoding.h"
#include "control/fakes.h"
#include "wire/api_model.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using wire::OperationId;

class ActionsTest : public testing::Test, protected control::ControlHarness {
  protected:
    ActionsTest() {
        make_role();
        caller.caller.account = model::AccountId(control::kTestAccount);
        caller.account = caller.caller.account;
        caller.caller.arn = "arn:aws:iam::123456789012:root";
        caller.caller.user_id = "123456789012";
        caller.region = model::RegionName("us-east-1");
        caller.endpoint = "http://127.0.0.1:4566";
        caller.code_locations = &locations;
    }
    Result<json> call(OperationId operation, json input) {
        return members_of(*find_action(operation),
                          {*control, identities.manager, identities.tokens, authorizer}, caller,
                          std::move(input), [this](auto task) { return run(std::move(task)); });
    }
    static json creation(json const& more = json::object()) {
        json input = {{"FunctionName", "f"},
                      {"Runtime", "nodejs22.x"},
                      {"Role", "arn:aws:iam::123456789012:role/role"},
                      {"Handler", "index.handler"},
                      {"Code", {{"ZipFile", to_base64("PK1")}}}};
        input.merge_patch(more);
        return input;
    }
    json create(json const& more = json::object()) {
        auto made = call(OperationId::kLambdaCreateFunction, creation(more));
        EXPECT_TRUE(made) << made.error().message;
        settle();
        return made ? *made : json();
    }

    Authorizer authorizer{{*control, identities.directory, identities.authority, clock}};
    CodeLocations locations{clock, model::RegionName("us-east-1"), "secret"};
    ActionContext caller;
};

TEST_F(ActionsTest, EveryActionIsAnOperationAndNoneTwice) {
    std::set<OperationId> seen;
    for (auto const actions : action_groups()) {
        for (auto const& entry : actions) {
            EXPECT_TRUE(seen.insert(entry.operation).second);
            EXPECT_EQ(find_action(entry.operation), entry.action);
        }
    }
    EXPECT_FALSE(find_action(OperationId::kLambdaInvoke)) << "the data plane's";
    EXPECT_FALSE(find_action(OperationId::kLambdaCreateCapacityProvider)) << "not in this version";
}

TEST_F(ActionsTest, CreatingAnswersThePendingFunction) {
    auto const made =
        call(OperationId::kLambdaCreateFunction,
             creation({{"Environment", {{"Variables", {{"K1", "v"}}}}}, {"Tags", {{"t", "u"}}}}));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)["State"], "Pending");
    EXPECT_EQ((*made)["StateReasonCode"], "Creating");
    EXPECT_FALSE(made->contains("LastUpdateStatus"));
    EXPECT_EQ((*made)["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f");
    EXPECT_EQ((*made)["CodeSize"], 3);
    EXPECT_EQ((*made)["Environment"], (json{{"Variables", {{"K1", "v"}}}}));
    settle();
    auto const got = call(OperationId::kLambdaGetFunction, {{"FunctionName", "f"}});
    ASSERT_TRUE(got);
    EXPECT_EQ((*got)["Configuration"]["State"], "Active");
    EXPECT_EQ((*got)["Configuration"]["LastUpdateStatus"], "Successful");
    EXPECT_EQ((*got)["Code"]["RepositoryType"], "S3");
    EXPECT_TRUE((*got)["Code"]["Location"].get<std::string>().starts_with(
        "http://127.0.0.1:4566/_code/us-east-1/"));
    EXPECT_EQ((*got)["Tags"], (json{{"t", "u"}}));
    EXPECT_FALSE(got->contains("Concurrency"));
}

TEST_F(ActionsTest, AFunctionIsFoundUnderEachOfItsNames) {
    create();
    ASSERT_TRUE(call(OperationId::kLambdaPublishVersion, {{"FunctionName", "f"}}));
    struct Case {
        char const* name;
        char const* qualifier;
        char const* version;
        char const* arn_end;
    };
    Case const cases[] = {
        {"f", "", "$LATEST", "function:f"},
        {"f:1", "", "1", "function:f:1"},
        {"f", "1", "1", "function:f:1"},
        {"f:1", "1", "1", "function:f:1"},
        {"f", "$LATEST", "$LATEST", "function:f:$LATEST"},
        {"f:$LATEST", "", "$LATEST", "function:f:$LATEST"},
        {"123456789012:function:f", "", "$LATEST", "function:f"},
        {"arn:aws:lambda:us-east-1:123456789012:function:f", "", "$LATEST", "function:f"},
        {"arn:aws:lambda:us-east-1:123456789012:function:f:1", "", "1", "function:f:1"},
    };
    for (auto const& test : cases) {
        json input = {{"FunctionName", test.name}};
        if (*test.qualifier != '\0') input["Qualifier"] = test.qualifier;
        auto const got = call(OperationId::kLambdaGetFunctionConfiguration, input);
        ASSERT_TRUE(got) << test.name << " " << test.qualifier << ": " << got.error().message;
        EXPECT_EQ((*got)["Version"], test.version) << test.name;
        EXPECT_TRUE((*got)["FunctionArn"].get<std::string>().ends_with(test.arn_end)) << test.name;
    }
}

TEST_F(ActionsTest, NamesThatCannotBeAreRefused) {
    create();
    struct Case {
        char const* what;
        OperationId operation;
        json input;
        Errc code;
        char const* text;
    };
    constexpr char const* kFunctionsOnly =
        "This operation is permitted on Lambda functions only. Aliases and versions do not support "
        "this operation. "
        "Please specify either a function name or an unqualified function ARN.";
    Case const cases[] = {
        {"two qualifiers",
         OperationId::kLambdaGetFunction,
         {{"FunctionName", "f:1"}, {"Qualifier", "2"}},
         Errc::kInvalidParameterValue,
         "The derived qualifier from the function name does not match the specified qualifier."},
        {"another region",
         OperationId::kLambdaGetFunction,
         {{"FunctionName", "arn:aws:lambda:sa-east-1:123456789012:function:f"}},
         Errc::kResourceNotFound,
         "Functions from 'sa-east-1' are not reachable in this region ('us-east-1')"},
        {"another account",
         OperationId::kLambdaGetFunction,
         {{"FunctionName", "999999999999:function:f"}},
         Errc::kAccessDenied,
         "User: arn:aws:iam::123456789012:root is not authorized to perform: lambda:GetFunction on "
         "resource: "
         "arn:aws:lambda:us-east-1:999999999999:function:f because no resource-based policy allows "
         "the "
         "lambda:GetFunction action"},
        {"a version's code",
         OperationId::kLambdaUpdateFunctionCode,
         {{"FunctionName", "f:1"}, {"ZipFile", to_base64("PK2")}},
         Errc::kInvalidParameterValue,
         kFunctionsOnly},
        {"a version's settings",
         OperationId::kLambdaUpdateFunctionConfiguration,
         {{"FunctionName", "f:1"}},
         Errc::kInvalidParameterValue,
         kFunctionsOnly},
        {"tags of a version",
         OperationId::kLambdaTagResource,
         {{"Resource", "arn:aws:lambda:us-east-1:123456789012:function:f:1"},
          {"Tags", {{"a", "b"}}}},
         Errc::kInvalidParameterValue,
         "Tags on function aliases and versions are not supported. Please specify a function ARN."},
        {"tags of a mapping",
         OperationId::kLambdaListTags,
         {{"Resource",
           "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:0b2b7b3a-0000-0000-0000-"
           "000000000000"}},
         Errc::kResourceNotFound,
         "Event source mapping not found: "
         "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:0b2b7b3a-0000-0000-0000-"
         "000000000000"},
        {"tags of nothing",
         OperationId::kLambdaListTags,
         {{"Resource", "arn:aws:lambda:us-east-1:123456789012:function:g"}},
         Errc::kResourceNotFound,
         "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g"},
        {"deleting $LATEST",
         OperationId::kLambdaDeleteFunction,
         {{"FunctionName", "f"}, {"Qualifier", "$LATEST"}},
         Errc::kInvalidParameterValue,
         "$LATEST version cannot be deleted without deleting the function."},
    };
    for (auto const& test : cases) {
        auto const refused = call(test.operation, test.input);
        ASSERT_FALSE(refused) << test.what;
        EXPECT_EQ(refused.error().code, test.code) << test.what;
        EXPECT_EQ(refused.error().message, test.text) << test.what;
    }
}

TEST_F(ActionsTest, WhatThisVersionDoesNotHaveIsRefusedByName) {
    create({{"FunctionName", "there"}});
    struct Case {
        json setting;
        char const* what;
        bool on_update = true;
    };
    Case const cases[] = {
        {{{"PackageType", "Image"}}, "PackageType Image", false},
        {{{"ImageConfig", {{"Command", {"x"}}}}}, "ImageConfig"},
        {{{"DurableConfig", json::object()}}, "DurableConfig"},
        {{{"DurableConfig", {{"ExecutionTimeout", 5}}}}, "DurableConfig"},
        {{{"TenancyConfig", {{"TenantIsolationMode", "PER_TENANT"}}}}, "TenancyConfig", false},
        {{{"CapacityProviderConfig",
           {{"LambdaManagedInstancesCapacityProviderConfig", {{"x", 1}}}}}},
         "CapacityProviderConfig"},
        {{{"PublishTo", "LATEST_PUBLISHED"}}, "PublishTo", false},
        {{{"Architectures", {"arm64"}}}, "Architecture arm64", false},
        {{{"Code", {{"ZipFile", nullptr}, {"ImageUri", "x"}}}}, "Code from an ImageUri", false},
        {{{"Code", {{"SourceKMSKeyArn", "arn:aws:kms:x"}}}}, "SourceKMSKeyArn", false},
    };
    for (auto const& test : cases) {
        auto const text = std::string(test.what) + " is not supported by this version of Meridian.";
        json input = creation();
        input.merge_patch(test.setting);
        // merge_patch drops empty objects' nulls but keeps {}: DurableConfig {} stays.
        auto const created = call(OperationId::kLambdaCreateFunction, input);
        ASSERT_FALSE(created) << test.what;
        EXPECT_EQ(created.error().code, Errc::kInvalidParameterValue) << test.what;
        EXPECT_EQ(created.error().message, text);
        if (!test.on_update) continue;
        json update = {{"FunctionName", "there"}};
        update.update(test.setting);
        auto const updated = call(OperationId::kLambdaUpdateFunctionConfiguration, update);
        ASSERT_FALSE(updated) << test.what;
        EXPECT_EQ(updated.error().message, text);
    }
    EXPECT_FALSE(control->published().contains(control::kTestAccount, "f"));
}

TEST_F(ActionsTest, SettingsAreKeptAndTakenAwayAgain) {
    json const kept = {
        {"VpcConfig",
         {{"SubnetIds", {"subnet-1"}},
          {"SecurityGroupIds", {"sg-1"}},
          {"Ipv6AllowedForDualStack", true}}},
        {"FileSystemConfigs",
         {{{"Arn", "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1"},
           {"LocalMountPath", "/mnt/x"}}}},
        {"KMSKeyArn", "arn:aws:kms:us-east-1:123456789012:key/x"},
        {"DeadLetterConfig", {{"TargetArn", "arn:aws:sqs:us-east-1:123456789012:q"}}},
        {"TracingConfig", {{"Mode", "Active"}}}};
    auto const made = create(kept);
    for (auto const& [member, value] : kept.items()) EXPECT_EQ(made[member], value) << member;
    control::ControlHarness::settle();
    auto const update = [&](json input) {
        input["FunctionName"] = "f";
        auto updated = call(OperationId::kLambdaUpdateFunctionConfiguration, input);
        EXPECT_TRUE(updated) << updated.error().message;
        control::ControlHarness::settle();
        return std::move(*updated);
    };
    auto const other = update({{"Description", "x"}});
    for (auto const& [member, value] : kept.items()) EXPECT_EQ(other[member], value) << member;
    auto const without =
        update({{"VpcConfig", {{"SubnetIds", json::array()}, {"SecurityGroupIds", json::array()}}},
                {"FileSystemConfigs", json::array()},
                {"KMSKeyArn", ""},
                {"DeadLetterConfig", {{"TargetArn", ""}}},
                {"TracingConfig", {{"Mode", "PassThrough"}}}});
    EXPECT_EQ(without["VpcConfig"]["SubnetIds"], json::array());
    EXPECT_EQ(without["VpcConfig"]["VpcId"], "");
    for (auto const* member : {"FileSystemConfigs", "KMSKeyArn", "DeadLetterConfig"})
        EXPECT_FALSE(without.contains(member)) << member;
    EXPECT_EQ(without["TracingConfig"]["Mode"], "PassThrough");
}

TEST_F(ActionsTest, SettingsThatContradictEachOtherAreRefused) {
    create();
    struct Case {
        json setting;
        char const* text;
    };
    Case const cases[] = {
        {{{"VpcConfig", {{"SubnetIds", {"subnet-1"}}}}},
         "SubnetIds and SecurityIds must coexist or be both empty list."},
        {{{"LoggingConfig", {{"SystemLogLevel", "WARN"}}}},
         "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
         "request or change the LogFormat to \"Json\" and try again."},
        {{{"SnapStart", {{"ApplyOn", "PublishedVersions"}}}},
         "nodejs22.x is not supported for SnapStart enabled functions."},
    };
    for (auto const& test : cases) {
        json input = {{"FunctionName", "f"}};
        input.update(test.setting);
        auto const updated = call(OperationId::kLambdaUpdateFunctionConfiguration, input);
        ASSERT_FALSE(updated) << test.setting;
        EXPECT_EQ(updated.error().message, test.text);
    }
}

TEST_F(ActionsTest, SettingsThatDoNothingAreAccepted) {
    json const nothing = {
        {"TracingConfig", {{"Mode", "PassThrough"}}},
        {"SnapStart", {{"ApplyOn", "None"}}},
        {"LoggingConfig", {{"LogFormat", "Text"}, {"LogGroup", "mine"}}},
        {"VpcConfig", {{"SubnetIds", json::array()}, {"SecurityGroupIds", json::array()}}},
        {"Layers", json::array()},
        {"FileSystemConfigs", json::array()},
        {"KMSKeyArn", ""},
        {"DeadLetterConfig", {{"TargetArn", ""}}},
        {"EphemeralStorage", {{"Size", 1024}}},
        {"PackageType", "Zip"},
        {"Architectures", {"x86_64"}},
        {"Environment", json::object()}};
    auto const made = create(nothing);
    EXPECT_EQ(made["LoggingConfig"], (json{{"LogFormat", "Text"}, {"LogGroup", "mine"}}));
    EXPECT_EQ(made["EphemeralStorage"]["Size"], 1024);
    EXPECT_EQ(made["VpcConfig"]["SubnetIds"], json::array());
    EXPECT_EQ(made["Environment"], (json{{"Variables", json::object()}}));
    EXPECT_FALSE(made.contains("Layers"));
    EXPECT_FALSE(made.contains("KMSKeyArn"));
}

TEST_F(ActionsTest, CodeComesFromAnS3Object) {
    objects.objects["bucket/k"] = "PK-from-s3";
    auto const made =
        create({{"Code", {{"ZipFile", nullptr}, {"S3Bucket", "bucket"}, {"S3Key", "k"}}}});
    EXPECT_EQ(made["CodeSize"], 10);
    control::ControlHarness::settle();
    objects.objects["bucket/k"] = "PK-new";
    auto const updated = call(OperationId::kLambdaUpdateFunctionCode,
                              {{"FunctionName", "f"}, {"S3Bucket", "bucket"}, {"S3Key", "k"}});
    ASSERT_TRUE(updated) << updated.error().message;
    EXPECT_EQ((*updated)["CodeSize"], 6);
    auto const layer =
        call(OperationId::kLambdaPublishLayerVersion,
             {{"LayerName", "l"}, {"Content", {{"S3Bucket", "bucket"}, {"S3Key", "k"}}}});
    ASSERT_TRUE(layer) << layer.error().message;
    EXPECT_EQ((*layer)["Content"]["CodeSize"], 6);
    auto const missing =
        call(OperationId::kLambdaCreateFunction,
             creation({{"FunctionName", "g"},
                       {"Code", {{"ZipFile", nullptr}, {"S3Bucket", "bucket"}, {"S3Key", "x"}}}}));
    EXPECT_EQ(missing.error().message, "NoSuchKey");
}

TEST_F(ActionsTest, CodeComesFromOneSource) {
    auto const without =
        call(OperationId::kLambdaCreateFunction, creation({{"Code", {{"ZipFile", nullptr}}}}));
    EXPECT_EQ(without.error().message, "Please provide a source for function code.");
    auto const both =
        call(OperationId::kLambdaCreateFunction, creation({{"Code", {{"S3Bucket", "b"}}}}));
    EXPECT_EQ(both.error().message,
              "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    auto const empty =
        call(OperationId::kLambdaCreateFunction, creation({{"Code", {{"ZipFile", ""}}}}));
    EXPECT_EQ(empty.error().message, "Uploaded file must be a non-empty zip");
}

TEST_F(ActionsTest, UpdatingPublishingListingAndDeleting) {
    create();
    auto const updated = call(OperationId::kLambdaUpdateFunctionCode,
                              {{"FunctionName", "f"}, {"ZipFile", to_base64("PK22")}});
    ASSERT_TRUE(updated) << updated.error().message;
    EXPECT_EQ((*updated)["State"], "Active");
    EXPECT_EQ((*updated)["LastUpdateStatus"], "InProgress");
    EXPECT_EQ((*updated)["LastUpdateStatusReason"], "The function is being created.");
    EXPECT_EQ((*updated)["CodeSize"], 4);
    settle();
    auto const published =
        call(OperationId::kLambdaPublishVersion, {{"FunctionName", "f"}, {"Description", "d"}});
    EXPECT_EQ((*published)["Version"], "1");
    EXPECT_EQ((*published)["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f:1");
    EXPECT_EQ((*published)["State"], "Active");
    EXPECT_EQ((*published)["LastUpdateStatus"], "Successful");
    auto const versions = call(OperationId::kLambdaListVersionsByFunction, {{"FunctionName", "f"}});
    ASSERT_EQ((*versions)["Versions"].size(), 2u);
    EXPECT_EQ((*versions)["Versions"][0]["FunctionArn"],
              "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
    EXPECT_FALSE((*versions)["Versions"][0].contains("State"));
    EXPECT_FALSE(versions->contains("NextMarker"));
    auto const functions = call(OperationId::kLambdaListFunctions, json::object());
    ASSERT_EQ((*functions)["Functions"].size(), 1u);
    EXPECT_EQ((*functions)["Functions"][0]["FunctionArn"],
              "arn:aws:lambda:us-east-1:123456789012:function:f");
    auto const all =
        call(OperationId::kLambdaListFunctions, {{"FunctionVersion", "ALL"}, {"MaxItems", 1}});
    ASSERT_EQ((*all)["Functions"].size(), 1u);
    EXPECT_TRUE(all->contains("NextMarker"));
    auto const deleted = call(OperationId::kLambdaDeleteFunction, {{"FunctionName", "f"}});
    EXPECT_EQ(*deleted, (json{{"StatusCode", 204}}));
    EXPECT_FALSE(call(OperationId::kLambdaGetFunction, {{"FunctionName", "f"}}));
}

TEST_F(ActionsTest, TagsByArn) {
    create();
    constexpr char const* kArn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    ASSERT_TRUE(call(OperationId::kLambdaTagResource,
                     {{"Resource", kArn}, {"Tags", {{"a", "b"}, {"c", "d"}}}}));
    ASSERT_TRUE(call(OperationId::kLambdaUntagResource, {{"Resource", kArn}, {"TagKeys", {"a"}}}));
    EXPECT_EQ(*call(OperationId::kLambdaListTags, {{"Resource", kArn}}),
              (json{{"Tags", {{"c", "d"}}}}));
}

TEST_F(ActionsTest, AccountSettings) {
    create();
    EXPECT_EQ(*call(OperationId::kLambdaGetAccountSettings, json::object()), json::parse(R"({
        "AccountLimit": {"TotalCodeSize": 322122547200, "CodeSizeUnzipped": 262144000, "CodeSizeZipped": 52428800,
                         "ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000},
        "AccountUsage": {"TotalCodeSize": 3, "FunctionCount": 1}})"));
}

TEST_F(ActionsTest, RolesAndPolicies) {
    constexpr char const* kPolicy =
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    auto const made =
        call(OperationId::kIamCreateRole, {{"RoleName", "r2"},
                                           {"AssumeRolePolicyDocument", iam::kLambdaTrust},
                                           {"Tags", {{{"Key", "a"}, {"Value", "b"}}}}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)["Role"]["Arn"], "arn:aws:iam::123456789012:role/r2");
    EXPECT_EQ((*made)["Role"]["Tags"][0]["Key"], "a");
    ASSERT_TRUE(
        call(OperationId::kIamAttachRolePolicy, {{"RoleName", "r2"}, {"PolicyArn", kPolicy}}));
    auto const attached = call(OperationId::kIamListAttachedRolePolicies, {{"RoleName", "r2"}});
    EXPECT_EQ((*attached)["AttachedPolicies"][0]["PolicyName"], "AWSLambdaBasicExecutionRole");
    EXPECT_EQ((*attached)["IsTruncated"], false);
    EXPECT_EQ(*call(OperationId::kIamListRolePolicies, {{"RoleName", "r2"}}),
              (json{{"PolicyNames", json::array()}, {"IsTruncated", false}}));
    EXPECT_EQ(call(OperationId::kIamListRolePolicies, {{"RoleName", "none"}}).error().code,
              Errc::kNoSuchEntity);
    EXPECT_EQ(call(OperationId::kIamDeleteRole, {{"RoleName", "r2"}}).error().code,
              Errc::kDeleteConflict);
    ASSERT_TRUE(
        call(OperationId::kIamDetachRolePolicy, {{"RoleName", "r2"}, {"PolicyArn", kPolicy}}));
    ASSERT_TRUE(call(OperationId::kIamDeleteRole, {{"RoleName", "r2"}}));
    auto const roles = call(OperationId::kIamListRoles, {{"MaxItems", 1}});
    EXPECT_EQ((*roles)["Roles"].size(), 1u);
    EXPECT_EQ((*roles)["IsTruncated"], false);
    EXPECT_FALSE((*roles)["Roles"][0].contains("Tags"));
    auto const bounded =
        call(OperationId::kIamCreateRole, {{"RoleName", "r3"},
                                           {"AssumeRolePolicyDocument", iam::kLambdaTrust},
                                           {"PermissionsBoundary", "x"}});
    EXPECT_EQ(bounded.error().message, "ARN x is not valid.");
}

TEST_F(ActionsTest, CallerIdentity) {
    EXPECT_EQ(*call(OperationId::kStsGetCallerIdentity, json::object()),
              (json{{"UserId", "123456789012"},
                    {"Account", "123456789012"},
                    {"Arn", "arn:aws:iam::123456789012:root"}}));
}

}  // namespace
}  // namespace meridian::api
