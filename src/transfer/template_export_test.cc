#include "transfer/template_export.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/template.h"

namespace meridian::transfer {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

constexpr char const* kRole = "arn:aws:iam::123456789012:role/r";
constexpr char const* kLayer = "arn:aws:lambda:us-east-1:123456789012:layer:my-layer:3";

json exported_configuration() {
    return {{"Architectures", {"x86_64"}},
            {"CodeSha256", "hash"},
            {"DeadLetterConfig", {{"TargetArn", "arn:aws:sqs:us-east-1:123456789012:q"}}},
            {"Description", "now"},
            {"Environment", {{"Variables", {{"PLAIN", "yes"}, {"MY_SECRET", nullptr}}}}},
            {"Handler", "h"},
            {"Layers", {kLayer}},
            {"PackageType", "Zip"},
            {"Role", kRole},
            {"Runtime", "python3.11"},
            {"TracingConfig", {{"Mode", "Active"}}}};
}

Inventory exported() {
    Inventory out{.region = "us-east-1", .account = "123456789012"};
    FunctionRecord function{.arn = "arn:aws:lambda:us-east-1:123456789012:function:my-f",
                            .latest = exported_configuration()};
    function.source_arn = function.arn;
    auto newest = exported_configuration();
    newest["Description"] = "published";
    function.versions = {{1, {{"CodeSha256", "old"}}}, {4, newest}};
    function.parts = {
        {"Aliases", {{"live", {{"FunctionVersion", "4"}}}, {"old", {{"FunctionVersion", "1"}}}}},
        {"Policies",
         {{"live",
           {{{"Sid", "s"},
             {"Effect", "Allow"},
             {"Principal", {{"Service", "s3.amazonaws.com"}}},
             {"Action", "lambda:InvokeFunction"}}}},
          {"1", {{{"Sid", "t"}}}}}},
        {"FunctionUrls", {{"live", {{"AuthType", "NONE"}, {"InvokeMode", "BUFFERED"}}}}},
        {"EventInvokeConfigs",
         {{"live", {{"MaximumRetryAttempts", 1}}},
          {"$LATEST", {{"DestinationConfig", {{"OnFailure", {{"Destination", "arn:q"}}}}}}}}},
        {"ProvisionedConcurrency", {{"live", 2}}},
        {"ReservedConcurrency", 5},
        {"Tags", {{"a", "1"}}},
        {"EventSourceMappings",
         {{{"EventSourceArn", "arn:aws:sqs:us-east-1:123456789012:q"},
           {"Enabled", true},
           {"UUID", "u"}}}}};
    out.functions = {std::move(function)};
    out.layers = {{.arn = kLayer,
                   .source_arn = kLayer,
                   .properties = {{"CodeSha256", "layer"}, {"LicenseInfo", "MIT"}}}};
    out.roles[kRole] = {
        {"Path", "/"},
        {"AssumeRolePolicyDocument", {{"Version", "2012-10-17"}}},
        {"InlinePolicies", {{"p", {{"Version", "2012-10-17"}}}}},
        {"ManagedPolicies", {"arn:aws:iam::aws:policy/X", "arn:aws:iam::123456789012:policy/own"}}};
    out.policies["arn:aws:iam::123456789012:policy/own"] = {
        {"Path", "/"}, {"PolicyDocument", {{"Version", "2012-10-17"}}}};
    return out;
}

TEST(SamTemplate, SaysWhatAFunctionIs) {
    auto const made = make_template(exported(), TemplateForm::kSam);
    auto const& resources = made.document["Resources"];
    EXPECT_EQ(resources["MyFFunction"]["Type"], "AWS::Serverless::Function");
    EXPECT_EQ(resources["MyFFunction"]["Properties"],
              (json{{"Architectures", {"x86_64"}},
                    {"AutoPublishAlias", "live"},
                    {"CodeUri", "code/my-f.zip"},
                    {"DeadLetterQueue",
                     {{"TargetArn", "arn:aws:sqs:us-east-1:123456789012:q"}, {"Type", "SQS"}}},
                    {"Description", "now"},
                    {"Environment",
                     {{"Variables", {{"PLAIN", "yes"}, {"MY_SECRET", {{"Ref", "MyFMYSECRET"}}}}}}},
                    {"EventInvokeConfig", {{"MaximumRetryAttempts", 1}}},
                    {"FunctionName", "my-f"},
                    {"Handler", "h"},
                    {"Layers", {{{"Ref", "MyLayer3Layer"}}}},
                    {"ProvisionedConcurrencyConfig", {{"ProvisionedConcurrentExecutions", 2}}},
                    {"ReservedConcurrentExecutions", 5},
                    {"Role", {{"Fn::GetAtt", {"RRole", "Arn"}}}},
                    {"Runtime", "python3.11"},
                    {"Tags", {{"a", "1"}}},
                    {"Tracing", "Active"},
                    {"VersionDescription", "published"}}));
    EXPECT_EQ(made.document["Parameters"]["MyFMYSECRET"]["NoEcho"], true);
    EXPECT_EQ(resources["RRole"]["Properties"]["ManagedPolicyArns"],
              (json{"arn:aws:iam::aws:policy/X", {{"Ref", "OwnPolicy"}}}));
    // SAM's URL for everybody would bring a permission of its own.
    EXPECT_EQ(resources["MyFLiveUrl"], (json{{"Type", "AWS::Lambda::Url"},
                                             {"DependsOn", {"MyFFunctionAliaslive"}},
                                             {"Properties",
                                              {{"AuthType", "NONE"},
                                               {"InvokeMode", "BUFFERED"},
                                               {"Qualifier", "live"},
                                               {"TargetFunctionArn", {{"Ref", "MyFFunction"}}}}}}));
    EXPECT_EQ(resources["MyFLivePermission"]["Properties"],
              (json{{"Action", "lambda:InvokeFunction"},
                    {"FunctionName", {{"Ref", "MyFFunctionAliaslive"}}},
                    {"Principal", "s3.amazonaws.com"}}));
    EXPECT_EQ(resources["MyFInvokeConfig"]["Properties"]["Qualifier"], kLatest);
    EXPECT_EQ(resources["MyFQMapping"]["Properties"],
              (json{{"Enabled", true},
                    {"EventSourceArn", "arn:aws:sqs:us-east-1:123456789012:q"},
                    {"FunctionName", {{"Ref", "MyFFunction"}}}}));
    for (auto const* const unsaid :
         {"the alias old (of version 1, which is not what $LATEST is) of the function my-f",
          "permission \"t\" of 1 of the function my-f", "the names (Sid) of permissions",
          "version 1, by its number of the function my-f", "the number 3 of the layer my-layer"})
        EXPECT_THAT(made.unsaid, Contains(unsaid));
    ASSERT_EQ(made.packages.size(), 2U);
    EXPECT_EQ(made.packages[0].file, "layers/my-layer-3.zip");
    EXPECT_EQ(made.packages[1].code.qualifier, kLatest);
}

TEST(CloudFormationTemplate, SaysItWithLambdasOwnTypes) {
    auto const made = make_template(exported(), TemplateForm::kCloudFormation);
    auto const& resources = made.document["Resources"];
    EXPECT_FALSE(made.document.contains("Transform"));
    auto const& properties = resources["MyFFunction"]["Properties"];
    EXPECT_EQ(properties["Code"],
              (json{{"S3Bucket", {{"Ref", "CodeBucket"}}}, {"S3Key", "code/my-f.zip"}}));
    EXPECT_EQ(properties["Tags"], (json{{{"Key", "a"}, {"Value", "1"}}}));
    EXPECT_EQ(properties["TracingConfig"], (json{{"Mode", "Active"}}));
    EXPECT_EQ(resources["MyFLiveAlias"]["Properties"]["FunctionVersion"],
              (json{{"Fn::GetAtt", {"MyFVersion", "Version"}}}));
    EXPECT_EQ(resources["MyFVersion"]["Properties"]["Description"], "published");
    EXPECT_EQ(resources["MyFLivePermission"]["DependsOn"], json{"MyFLiveAlias"});
    EXPECT_EQ(made.document["Parameters"].size(), 2U);
}

// A deploy of a template adds permissions and mappings side by side, under ids of its own.
TEST(Templates, DoNotDependOnTheOrderOfWhatHasNone) {
    auto one = exported();
    auto& parts = one.functions[0].parts;
    auto& statements = parts["Policies"]["live"];
    auto statement = statements[0];
    statement["Principal"] = {{"Service", "sns.amazonaws.com"}};
    statements.push_back(statement);
    auto& mappings = parts["EventSourceMappings"];
    auto mapping = mappings[0];
    mapping["EventSourceArn"] = "arn:aws:sqs:us-east-1:210987654321:q";
    mappings.push_back(mapping);
    auto other = one;
    auto& turned = other.functions[0].parts;
    std::ranges::reverse(turned["Policies"]["live"]);
    std::ranges::reverse(turned["EventSourceMappings"]);
    for (auto const form : {TemplateForm::kSam, TemplateForm::kCloudFormation})
        EXPECT_EQ(make_template(one, form).document, make_template(other, form).document);
}

TEST(Templates, AnAliasBehindLatestIsNotMovedSilently) {
    auto inventory = exported();
    inventory.functions[0].latest["Timeout"] = 99;
    auto const made = make_template(inventory, TemplateForm::kSam);
    EXPECT_FALSE(
        made.document["Resources"]["MyFFunction"]["Properties"].contains("AutoPublishAlias"));
    EXPECT_THAT(made.unsaid, Contains(HasSubstr("the alias live (of version 4")));
    EXPECT_THAT(made.unsaid, Contains(HasSubstr("the URL of live")));
}

TEST(Templates, SeveralAliasesOfOneVersionAreWrittenOut) {
    auto inventory = exported();
    inventory.functions[0].parts["Aliases"]["beta"] = {{"FunctionVersion", "4"},
                                                       {"Description", "b"}};
    auto const resources = make_template(inventory, TemplateForm::kSam).document["Resources"];
    EXPECT_FALSE(resources["MyFFunction"]["Properties"].contains("AutoPublishAlias"));
    EXPECT_EQ(resources["MyFBetaAlias"]["Properties"]["Description"], "b");
    EXPECT_EQ(resources["MyFLiveAlias"]["Type"], "AWS::Lambda::Alias");
}

// What comes out is a stack of the deploy module's own types, with nothing that it does not know.
TEST(Templates, AreStacks) {
    for (auto const form : {TemplateForm::kSam, TemplateForm::kCloudFormation}) {
        auto const text = template_text(make_template(exported(), form));
        auto const parsed = deploy::Template::parse("template.yaml", text);
        ASSERT_TRUE(parsed) << parsed.error().message << text;
        std::map<std::string, std::string> parameters;
        for (auto const& parameter : parsed->parameters()) {
            EXPECT_EQ(parameter.no_echo, parameter.name == "MyFMYSECRET");
            parameters[parameter.name] = "value";
        }
        auto const stack = deploy::expand(*parsed, {.stack_name = "s",
                                                    .region = "us-east-1",
                                                    .account = "123456789012",
                                                    .parameters = parameters});
        ASSERT_TRUE(stack) << stack.error().message << text;
        auto const function =
            std::ranges::find(stack->resources, "MyFFunction", &deploy::StackResource::logical_id);
        ASSERT_NE(function, stack->resources.end());
        auto const& properties = function->properties;
        EXPECT_EQ(properties["FunctionName"], "my-f");
        EXPECT_EQ(properties["Environment"]["Variables"],
                  (json{{"PLAIN", "yes"}, {"MY_SECRET", "value"}}));
        EXPECT_EQ(properties["DeadLetterConfig"]["TargetArn"],
                  "arn:aws:sqs:us-east-1:123456789012:q");
        EXPECT_TRUE(std::ranges::any_of(stack->resources, [](deploy::StackResource const& one) {
            return one.type == "AWS::Lambda::Alias" && one.properties["Name"] == "live";
        }));
        if (form == TemplateForm::kSam) EXPECT_EQ(properties["Code"]["LocalPath"], "code/my-f.zip");
    }
}

TEST(Templates, TextIsTheSameEveryTime) {
    auto const text = template_text(make_template(exported(), TemplateForm::kSam));
    EXPECT_EQ(text, template_text(make_template(exported(), TemplateForm::kSam)));
    EXPECT_TRUE(text.starts_with("AWSTemplateFormatVersion: \"2010-09-09\"\nDescription:")) << text;
    EXPECT_THAT(text, HasSubstr("PLAIN: \"yes\""));
}

TEST(LogicalIds, AreLettersAndDigitsAndUnique) {
    std::set<std::string> used;
    EXPECT_EQ(logical_id("Function", "my-orders_v2", used), "MyOrdersV2Function");
    EXPECT_EQ(logical_id("Function", "my_orders-v2", used), "MyOrdersV2FunctionX2");
    EXPECT_EQ(logical_id("Role", "", used), "Role");
    EXPECT_EQ(logical_id("", "ä.b", used), "B");
}

}  // namespace
}  // namespace meridian::transfer
