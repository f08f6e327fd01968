// What SAM's functions and layers become.

#include "deploy/sam_function.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "deploy/sam_policy_templates.h"
#include "deploy/template_testing.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

json parsed(char const* text) { return json::parse(text); }

// A template with one function F, `properties` at six spaces, `before` and `after` around it.
std::string sam(std::string const& properties, std::string const& globals = {}) {
    return "Transform: AWS::Serverless-2016-10-31\n" + globals +
           "Resources:\n"
           "  F:\n"
           "    Type: AWS::Serverless::Function\n"
           "    Properties:\n"
           "      Handler: a.b\n"
           "      Runtime: python3.11\n" +
           properties;
}

Stack expanded(std::string const& text) {
    auto stack = expand_text(text);
    EXPECT_TRUE(stack) << text << (stack ? "" : stack.error().message);
    return stack ? *std::move(stack) : Stack{};
}

TEST(SamFunction, IsAFunctionAndItsRole) {
    auto const stack = expanded(sam("      CodeUri: src\n"));
    ASSERT_EQ(stack.resources.size(), 2U);
    EXPECT_EQ(properties_of(stack, "F"), parsed(R"({
        "Handler": "a.b", "Runtime": "python3.11",
        "Role": {"Fn::GetAtt": ["FRole", "Arn"]},
        "Code": {"LocalPath": "src", "BuildMethod": "python3.11"},
        "Tags": [{"Key": "lambda:createdBy", "Value": "SAM"}]})"));
    EXPECT_EQ(properties_of(stack, "FRole"), parsed(R"({
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]},
            "Action": ["sts:AssumeRole"]}]},
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        "Tags": [{"Key": "lambda:createdBy", "Value": "SAM"}]})"));
    EXPECT_EQ(find_resource(stack, "F")->depends_on, (std::vector<std::string>{"FRole"}));
    EXPECT_EQ(find_resource(stack, "F")->mark, (SourceMark{"t.yaml", 3, 3}));
}

TEST(SamFunction, EverySettingArrives) {
    auto const stack = expanded(sam(R"(
      FunctionName: shop-f
      CodeUri: {Bucket: b, Key: k, Version: v}
      Description: d
      MemorySize: 512
      Timeout: 30
      Role: arn:aws:iam::123456789012:role/r
      Architectures: [arm64]
      Environment: {Variables: {A: b}}
      EphemeralStorage: {Size: 1024}
      FileSystemConfigs: [{Arn: a, LocalMountPath: /mnt/x}]
      KmsKeyArn: k
      Layers: [l]
      LoggingConfig: {LogFormat: JSON}
      RecursiveLoop: Allow
      ReservedConcurrentExecutions: 3
      RuntimeManagementConfig: {UpdateRuntimeOn: Auto}
      SnapStart: {ApplyOn: PublishedVersions}
      SourceKMSKeyArn: s
      Tags: {x: y}
      Tracing: Active
      VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}
      DeadLetterQueue: {Type: SQS, TargetArn: arn:aws:sqs:us-east-1:123456789012:q}
)"));
    ASSERT_EQ(stack.resources.size(), 1U);
    EXPECT_EQ(properties_of(stack, "F"), parsed(R"({
        "FunctionName": "shop-f", "Handler": "a.b", "Runtime": "python3.11", "Description": "d",
        "MemorySize": 512, "Timeout": 30, "Role": "arn:aws:iam::123456789012:role/r",
        "Architectures": ["arm64"], "Environment": {"Variables": {"A": "b"}},
        "EphemeralStorage": {"Size": 1024},
        "FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/x"}],
        "KmsKeyArn": "k", "Layers": ["l"], "LoggingConfig": {"LogFormat": "JSON"},
        "RecursiveLoop": "Allow", "ReservedConcurrentExecutions": 3,
        "RuntimeManagementConfig": {"UpdateRuntimeOn": "Auto"},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        "TracingConfig": {"Mode": "Active"},
        "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
        "Code": {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v", "SourceKMSKeyArn": "s"},
        "Tags": [{"Key": "x", "Value": "y"}, {"Key": "lambda:createdBy", "Value": "SAM"}]})"));
}

TEST(SamFunction, CodeIsWhereItIsSaidToBe) {
    struct Case {
        char const* properties;
        char const* code;
    };
    for (auto const& [properties, code] : std::initializer_list<Case>{
             {"", R"({"LocalPath": ".", "BuildMethod": "python3.11"})"},
             {"      CodeUri: ./a/b/\n", R"({"LocalPath": "./a/b/", "BuildMethod": "python3.11"})"},
             {"      CodeUri: x.zip\n", R"({"LocalPath": "x.zip"})"},
             {"      CodeUri: s3://b/k/l.zip\n", R"({"S3Bucket": "b", "S3Key": "k/l.zip"})"},
             {"      CodeUri: s3://b/k?versionId=7\n",
              R"({"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "7"})"},
             {"      InlineCode: pass\n", R"({"ZipFile": "pass"})"},
             {"      CodeUri: a\n      InlineCode: pass\n", R"({"ZipFile": "pass"})"},
             {"    Metadata: {BuildMethod: makefile}\n",
              R"({"LocalPath": ".", "BuildMethod": "makefile"})"},
             {"    Metadata: {SkipBuild: true}\n", R"({"LocalPath": "."})"},
             {"    Metadata: {SkipBuild: true, BuildProperties: {Minify: true}}\n",
              R"({"LocalPath": "."})"},
             {"    Metadata: {BuildMethod: nodejs22.x, BuildProperties: {UseNpmCi: true}}\n",
              R"({"LocalPath": ".", "BuildMethod": "nodejs22.x"})"},
         })
        EXPECT_EQ(properties_of(expanded(sam(properties)), "F")["Code"], parsed(code))
            << properties;
}

TEST(SamFunction, GlobalsLieUnderneath) {
    auto const stack = expanded(sam(R"(
      MemorySize: 256
      Layers: [own]
      Environment: {Variables: {B: own, C: own}}
      VpcConfig: !Ref AWS::NoValue
)",
                                    R"(
Globals:
  Function:
    MemorySize: 128
    Timeout: 9
    Layers: [shared]
    Environment: {Variables: {A: shared, B: shared}}
    VpcConfig: {SubnetIds: [s]}
    Tags: {team: t}
  Api: {Name: ignored}
)"));
    auto const f = properties_of(stack, "F");
    EXPECT_EQ(f["MemorySize"], 256);
    EXPECT_EQ(f["Timeout"], 9);
    EXPECT_EQ(f["Layers"], parsed(R"(["shared", "own"])"));
    EXPECT_EQ(f["Environment"]["Variables"], parsed(R"({"A":"shared","B":"own","C":"own"})"));
    // An intrinsic function is one value, so it replaces the map.
    EXPECT_FALSE(f.contains("VpcConfig"));
    auto const ignoring = expanded(sam("    IgnoreGlobals: [Timeout]\n",
                                       "Globals: {Function: {Timeout: 9, MemorySize: 1024}}\n"));
    EXPECT_FALSE(properties_of(ignoring, "F").contains("Timeout"));
    EXPECT_EQ(properties_of(ignoring, "F")["MemorySize"], 1024);
    auto const none = expanded(
        sam("    IgnoreGlobals: '*'\n", "Globals: {Function: {Timeout: 9, MemorySize: 1024}}\n"));
    EXPECT_FALSE(properties_of(none, "F").contains("MemorySize"));
}

TEST(SamFunction, PoliciesOfEverySortAreGranted) {
    auto const stack = expanded(sam(R"(
      RolePath: /app/
      PermissionsBoundary: arn:aws:iam::123456789012:policy/edge
      Tracing: Active
      VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}
      Policies:
        - AmazonS3ReadOnlyAccess
        - AWSLambdaRole
        - arn:aws:iam::123456789012:policy/mine
        - !Ref P
        - Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]
        - SQSPollerPolicy: {QueueName: q}
        - LambdaInvokePolicy: {FunctionName: !Ref P}
        - EC2DescribePolicy: {}
        - !If [Never, AdministratorAccess, !Ref AWS::NoValue]
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Version: 2012-10-17, Statement: []}}
Conditions: {Never: !Equals [a, b]}
)"));
    auto const role = properties_of(stack, "FRole");
    EXPECT_EQ(role["Path"], "/app/");
    EXPECT_EQ(role["PermissionsBoundary"], "arn:aws:iam::123456789012:policy/edge");
    EXPECT_EQ(role["ManagedPolicyArns"], parsed(R"([
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaRole",
        "arn:aws:iam::123456789012:policy/mine",
        {"Ref": "P"}])"));
    EXPECT_EQ(role["Policies"], parsed(R"([
        {"PolicyName": "FRolePolicy4",
         "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}},
        {"PolicyName": "FRolePolicy5", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": ["sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch",
                       "sqs:DeleteMessage", "sqs:DeleteMessageBatch", "sqs:GetQueueAttributes",
                       "sqs:ReceiveMessage"],
            "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}]}},
        {"PolicyName": "FRolePolicy6", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["lambda:InvokeFunction"],
            "Resource": {"Fn::Join": ["", [
                "arn:aws:lambda:us-east-1:123456789012:function:", {"Ref": "P"}, "*"]]}}]}},
        {"PolicyName": "FRolePolicy7", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["ec2:DescribeRegions", "ec2:DescribeInstances"],
            "Resource": "*"}]}}])"));
}

TEST(SamFunction, EveryPolicyTemplateExpandsWithItsOwnParameters) {
    std::size_t templates = 0;
    for (auto const& row : policy_templates()) {
        ++templates;
        // Asked for without parameters, each says the first that it needs.
        TemplateNode::Entry named{
            .key = std::string(row.name), .mark = {1, 1}, .value = TemplateNode::map({1, 1})};
        for (int tries = 0; tries < 4; ++tries) {
            auto const out = expand_policy_template(named, {.region = "r", .account = "1"});
            if (out) {
                auto const text = to_json(*out).dump();
                EXPECT_EQ(text.find("${"), std::string::npos) << row.name << text;
                EXPECT_EQ(text.find('~'), std::string::npos) << row.name << text;
                break;
            }
            auto const& message = out.error().message;
            auto const name = message.substr(message.rfind(' ') + 1);
            ASSERT_TRUE(message.ends_with("needs the parameter " + name)) << row.name << message;
            named.value.set(name, TemplateNode::string("value", {1, 1}));
        }
        named.value.set("Nope", TemplateNode::string("x", {2, 2}));
        auto const out = expand_policy_template(named, {.region = "r", .account = "1"});
        ASSERT_FALSE(out) << row.name;
        EXPECT_NE(out.error().message.find("has no parameter Nope"), std::string::npos);
    }
    EXPECT_EQ(templates, 81U);
    EXPECT_TRUE(std::ranges::is_sorted(policy_templates(), {}, &PolicyTemplate::name));
}

TEST(SamFunction, AnAliasPublishesAVersion) {
    auto const stack = expanded(sam(R"(
      AutoPublishAlias: live-1
      AutoPublishCodeSha256: abc
      VersionDescription: d
      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 2}
      DeploymentPreference: {Type: CodeDeployDefault.LambdaLinear10PercentEvery1Minute}
      FunctionUrlConfig: {AuthType: AWS_IAM}
      EventInvokeConfig: {MaximumRetryAttempts: 0}
)"));
    auto const* version = find_resource(stack, "FVersion");
    ASSERT_NE(version, nullptr);
    EXPECT_TRUE(version->auto_publish);
    EXPECT_FALSE(version->publish_on_any_change);
    EXPECT_EQ(version->publish_token, "abc");
    EXPECT_EQ(version->deletion_policy, "Retain");
    EXPECT_EQ(version->properties, parsed(R"({"FunctionName": {"Ref": "F"}, "Description": "d"})"));
    EXPECT_EQ(properties_of(stack, "FAliaslive1"), parsed(R"({
        "Name": "live-1", "FunctionName": {"Ref": "F"},
        "FunctionVersion": {"Fn::GetAtt": ["FVersion", "Version"]},
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}})"));
    ASSERT_EQ(stack.shifts.size(), 1U);
    EXPECT_EQ(stack.shifts[0].type, "Linear10PercentEvery1Minute");
    EXPECT_EQ(properties_of(stack, "FUrl"),
              parsed(R"({"AuthType": "AWS_IAM", "TargetFunctionArn": {"Ref": "FAliaslive1"}})"));
    EXPECT_EQ(properties_of(stack, "FEventInvokeConfig"), parsed(R"({
        "FunctionName": {"Ref": "F"}, "Qualifier": "live-1", "MaximumRetryAttempts": 0})"));
    EXPECT_EQ(find_resource(stack, "FEventInvokeConfig")->depends_on,
              (std::vector<std::string>{"F", "FAliaslive1"}));
}

TEST(SamFunction, AShiftMayHaveItsOwnConfiguration) {
    auto const stack = expanded(sam(R"(
      AutoPublishAlias: live
      DeploymentPreference: {Type: !Ref Steps, Alarms: [a]}
  Steps:
    Type: AWS::CodeDeploy::DeploymentConfig
    Properties:
      ComputePlatform: Lambda
      TrafficRoutingConfig:
        Type: TimeBasedCanary
        TimeBasedCanary: {CanaryInterval: 3, CanaryPercentage: 20}
)"));
    ASSERT_EQ(stack.shifts.size(), 1U);
    EXPECT_EQ(stack.shifts[0].type, "Canary20Percent3Minutes");
    EXPECT_EQ(stack.shifts[0].alarms, (std::vector<json>{"a"}));
    auto const off =
        expanded(sam("      DeploymentPreference: {Enabled: false, Type: AllAtOnce}\n"));
    EXPECT_TRUE(off.shifts.empty());
}

TEST(SamFunction, APublicUrlNeedsBothActions) {
    auto const stack =
        expanded(sam("      FunctionUrlConfig: {AuthType: NONE, Cors: {MaxAge: 5}}\n"));
    EXPECT_EQ(properties_of(stack, "FUrl"), parsed(R"({
        "AuthType": "NONE", "Cors": {"MaxAge": 5}, "TargetFunctionArn": {"Ref": "F"}})"));
    EXPECT_EQ(properties_of(stack, "FUrlPublicPermissions"), parsed(R"({
        "Action": "lambda:InvokeFunctionUrl", "FunctionName": {"Ref": "F"}, "Principal": "*",
        "FunctionUrlAuthType": "NONE"})"));
    EXPECT_EQ(properties_of(stack, "FURLInvokeAllowPublicAccess"), parsed(R"({
        "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "F"}, "Principal": "*",
        "InvokedViaFunctionUrl": true})"));
}

TEST(SamFunction, DestinationsAreGrantedToTheRole) {
    auto const stack = expanded(sam(R"(
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnSuccess: {Type: EventBridge, Destination: arn:aws:events:us-east-1:123456789012:event-bus/b}
          OnFailure: {Type: SQS, Destination: arn:aws:sqs:us-east-1:123456789012:q}
)"));
    EXPECT_EQ(properties_of(stack, "FEventInvokeConfig"), parsed(R"({
        "FunctionName": {"Ref": "F"}, "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {
            "OnSuccess": {"Destination": "arn:aws:events:us-east-1:123456789012:event-bus/b"},
            "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:q"}}})"));
    auto const policies = properties_of(stack, "FRole")["Policies"];
    ASSERT_EQ(policies.size(), 2U);
    EXPECT_EQ(policies[0]["PolicyDocument"]["Statement"][0]["Action"], "events:PutEvents");
    EXPECT_EQ(policies[1]["PolicyName"], "FEventInvokeConfigOnFailureSQSPolicy");
}

TEST(SamFunction, PolledEventsAreMappings) {
    struct Case {
        char const* event;
        char const* mapping;  // beside FunctionName
        char const* granted;  // found in the role
    };
    for (auto const& [event, mapping, granted] : std::initializer_list<Case>{
             {"Type: SQS, Properties: {Queue: arn:q, BatchSize: 5}",
              R"({"EventSourceArn": "arn:q", "BatchSize": 5})", "AWSLambdaSQSQueueExecutionRole"},
             {"Type: Kinesis, Properties: {Stream: arn:s, StartingPosition: LATEST, "
              "DestinationConfig: {OnFailure: {Type: SNS, Destination: arn:t}}}",
              R"({"EventSourceArn": "arn:s", "StartingPosition": "LATEST",
                  "DestinationConfig": {"OnFailure": {"Destination": "arn:t"}}})",
              "sns:Publish"},
             {"Type: DynamoDB, Properties: {Stream: arn:s, StartingPosition: TRIM_HORIZON, "
              "FilterCriteria: {Filters: [{Pattern: '{}'}]}}",
              R"({"EventSourceArn": "arn:s", "StartingPosition": "TRIM_HORIZON",
                  "FilterCriteria": {"Filters": [{"Pattern": "{}"}]}})",
              "AWSLambdaDynamoDBExecutionRole"},
             {"Type: MSK, Properties: {Stream: arn:c, StartingPosition: LATEST, Topics: [t], "
              "ConsumerGroupId: g}",
              R"({"EventSourceArn": "arn:c", "StartingPosition": "LATEST", "Topics": ["t"],
                  "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}})",
              "AWSLambdaMSKExecutionRole"},
             {"Type: MQ, Properties: {Broker: arn:b, Queues: [q], SourceAccessConfigurations: "
              "[{Type: BASIC_AUTH, URI: arn:secret}], SecretsManagerKmsKeyId: k}",
              R"({"EventSourceArn": "arn:b", "Queues": ["q"],
                  "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:secret"}]})",
              "arn:aws:kms:us-east-1:123456789012:key/k"},
             {"Type: SelfManagedKafka, Properties: {KafkaBootstrapServers: ['h:1'], Topics: [t], "
              "StartingPosition: LATEST, SourceAccessConfigurations: [{Type: SASL_SCRAM_256_AUTH, "
              "URI: arn:secret}]}",
              R"({"SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": ["h:1"]}},
                  "Topics": ["t"], "StartingPosition": "LATEST", "SourceAccessConfigurations":
                  [{"Type": "SASL_SCRAM_256_AUTH", "URI": "arn:secret"}]})",
              "secretsmanager:GetSecretValue"},
             {"Type: DocumentDB, Properties: {Cluster: arn:c, DatabaseName: d, StartingPosition: "
              "LATEST, SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: arn:secret}]}",
              R"({"EventSourceArn": "arn:c", "StartingPosition": "LATEST",
                  "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:secret"}],
                  "DocumentDBEventSourceConfig": {"DatabaseName": "d"}})",
              "rds:DescribeDBClusters"},
         }) {
        auto const stack = expanded(sam("      Events: {E: {" + std::string(event) + "}}\n"));
        auto expected = parsed(mapping);
        expected["FunctionName"] = parsed(R"({"Ref": "F"})");
        EXPECT_EQ(properties_of(stack, "FE"), expected) << event;
        EXPECT_NE(properties_of(stack, "FRole").dump().find(granted), std::string::npos) << event;
        EXPECT_TRUE(stack.warnings.empty());
    }
}

TEST(SamFunction, PushedEventsArePermissionsAndWarnings) {
    struct Case {
        char const* event;
        char const* id;
        char const* permission;  // beside Action and FunctionName
    };
    for (auto const& [event, id, permission] : std::initializer_list<Case>{
             {"Type: S3, Properties: {Bucket: b, Events: 's3:ObjectCreated:*'}", "FEPermission",
              R"({"Principal": "s3.amazonaws.com", "SourceAccount": "123456789012"})"},
             {"Type: SNS, Properties: {Topic: arn:t}", "FEPermission",
              R"({"Principal": "sns.amazonaws.com", "SourceArn": "arn:t"})"},
             {"Type: Schedule, Properties: {Schedule: rate(1 minute)}", "FEPermission",
              R"({"Principal": "events.amazonaws.com",
                  "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/shop-FE-*"})"},
             {"Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute), Name: n}",
              "FEPermission",
              R"({"Principal": "scheduler.amazonaws.com",
                  "SourceArn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/n"})"},
             {"Type: EventBridgeRule, Properties: {Pattern: {source: [x]}, EventBusName: b, "
              "RuleName: r}",
              "FEPermission",
              R"({"Principal": "events.amazonaws.com",
                  "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/b/r"})"},
             {"Type: CloudWatchEvent, Properties: {Pattern: {source: [x]}}", "FEPermission",
              R"({"Principal": "events.amazonaws.com",
                  "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/shop-FE-*"})"},
             {"Type: CloudWatchLogs, Properties: {LogGroupName: g, FilterPattern: ''}",
              "FEPermission",
              R"({"Principal": "logs.amazonaws.com",
                  "SourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"})"},
             {"Type: IoTRule, Properties: {Sql: SELECT}", "FEPermission",
              R"({"Principal": "iot.amazonaws.com",
                  "SourceArn": "arn:aws:iot:us-east-1:123456789012:rule/shop-FE-*"})"},
             {"Type: Cognito, Properties: {UserPool: p, Trigger: PreSignUp}", "FCognitoPermission",
              R"({"Principal": "cognito-idp.amazonaws.com",
                  "SourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/*"})"},
             {"Type: AlexaSkill, Properties: {SkillId: s}", "FEPermission",
              R"({"Principal": "alexa-appkit.amazon.com", "EventSourceToken": "s"})"},
             {"Type: AlexaSkill", "FEPermission", R"({"Principal": "alexa-appkit.amazon.com"})"},
             {"Type: Api, Properties: {Path: '/u/{id}/x', Method: any}", "FEPermissionProd",
              R"({"Principal": "apigateway.amazonaws.com",
                  "SourceArn": "arn:aws:execute-api:us-east-1:123456789012:*/*/*/u/*/x"})"},
             {"Type: HttpApi, Properties: {Path: /u, Method: post, ApiId: a1}", "FEPermission",
              R"({"Principal": "apigateway.amazonaws.com",
                  "SourceArn": "arn:aws:execute-api:us-east-1:123456789012:a1/*/POST/u"})"},
             {"Type: HttpApi", "FEPermission",
              R"({"Principal": "apigateway.amazonaws.com",
                  "SourceArn": "arn:aws:execute-api:us-east-1:123456789012:*/*/$default"})"},
         }) {
        auto const stack = expanded(sam("      Events: {E: {" + std::string(event) + "}}\n"));
        auto expected = parsed(permission);
        expected["FunctionName"] = parsed(R"({"Ref": "F"})");
        expected["Action"] = "lambda:InvokeFunction";
        EXPECT_EQ(properties_of(stack, id), expected) << event;
        ASSERT_EQ(stack.warnings.size(), 1U) << event;
        EXPECT_TRUE(stack.warnings[0].starts_with("t.yaml:8:16: F.Events.E: "))
            << stack.warnings[0];
    }
}

TEST(SamFunction, ALayerIsAVersionThatStays) {
    auto const stack = expanded(R"(
Transform: AWS::Serverless-2016-10-31
Resources:
  L:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.11}
    Properties: {ContentUri: layer, CompatibleRuntimes: [python3.11], LicenseInfo: MIT}
)");
    EXPECT_EQ(properties_of(stack, "L"), parsed(R"({
        "LayerName": "L", "CompatibleRuntimes": ["python3.11"], "LicenseInfo": "MIT",
        "Content": {"LocalPath": "layer", "BuildMethod": "python3.11"}})"));
    EXPECT_EQ(find_resource(stack, "L")->deletion_policy, "Retain");
}

TEST(SamFunction, MistakesAreNamedWithTheirPlace) {
    struct Case {
        char const* properties;  // from line 8
        char const* error;
    };
    for (auto const& [properties, error] : std::initializer_list<Case>{
             {"      Timeot: 3\n", "8:7: F has no property Timeot"},
             {"      Timeout: soon\n", "8:16: F.Timeout is a whole number, not soon"},
             {"      CodeUri: s3://b\n", "8:16: s3://b is no s3://bucket/key"},
             {"      CodeUri: {Bucket: b}\n", "8:16: code in S3 needs Bucket and Key"},
             {"      CodeUri: {Bucket: b, Kex: c}\n",
              "8:28: code in S3 is Bucket, Key and Version, not Kex"},
             {"      CodeUri: !Ref F\n", "8:16: where code lies cannot depend on a resource"},
             {"      PackageType: Image\n", "3:3: F needs an ImageUri: Meridian builds no images"},
             {"      ImageUri: x\n", "8:17: ImageUri goes with PackageType: Image"},
             {"      Policies: [NopePolicy: {}]\n",
              "8:18: there is no SAM policy template NopePolicy; a policy is a managed policy's "
              "name or ARN, a document with Statement, or a template"},
             {"      Policies: [SQSPollerPolicy: {}]\n",
              "8:18: the policy template needs the parameter QueueName"},
             {"      Policies: [SQSPollerPolicy: {QueueName: q, X: y}]\n",
              "8:50: SQSPollerPolicy has no parameter X (it has QueueName)"},
             {"      Policies: [[]]\n",
              "8:18: a policy is a managed policy's name or ARN, a document with Statement, or one "
              "policy template"},
             {"      VersionDescription: d\n", "8:7: VersionDescription needs AutoPublishAlias"},
             {"      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}\n",
              "8:7: ProvisionedConcurrencyConfig needs AutoPublishAlias"},
             {"      DeploymentPreference: {Type: AllAtOnce}\n",
              "8:29: DeploymentPreference needs AutoPublishAlias"},
             {"      AutoPublishAlias: a\n      DeploymentPreference: {Enabled: true}\n",
              "9:29: DeploymentPreference needs a Type"},
             {"      AutoPublishAlias: a\n      DeploymentPreference: {Type: AllAtOnce, "
              "TriggerConfigurations: []}\n",
              "9:47: TriggerConfigurations sends to SNS, which is not Meridian's"},
             {"      AutoPublishAlias: !Ref F\n",
              "8:25: AutoPublishAlias cannot depend on a resource"},
             {"      FunctionUrlConfig: {AuthType: OPEN}\n",
              "8:37: FunctionUrlConfig.AuthType is AWS_IAM or NONE"},
             {"      FunctionUrlConfig: {}\n",
              "8:26: FunctionUrlConfig.AuthType is AWS_IAM or NONE"},
             {"      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}\n",
              "8:47: OnFailure needs a Destination: a queue or topic that SAM would make is not "
              "Meridian's"},
             {"      EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: a}}}\n",
              "8:47: OnFailure.Type is SQS, SNS, EventBridge or Lambda"},
             {"      DeadLetterQueue: {Type: S3, TargetArn: a}\n",
              "8:31: DeadLetterQueue.Type is SQS or SNS"},
             {"      Events: {E: {Type: Nope}}\n", "8:26: there is no event type Nope"},
             {"      Events: {E: {Type: SQS}}\n", "8:16: the event E needs Properties"},
             {"      Events: {E: {Type: SQS, Properties: {Queue: q, X: y}}}\n",
              "8:54: F.Events.E has no property X"},
             {"      Events: {E: {Type: Kinesis, Properties: {Stream: s}}}\n",
              "8:47: an event of Kinesis needs StartingPosition"},
             {"      Events: {E: {Type: S3, Properties: {Bucket: !Ref Nope, Events: x}}}\n",
              "8:51: there is no parameter and no resource Nope"},
             {"      Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: true}}}\n",
              "8:54: SqsSubscription makes a queue, which is not Meridian's"},
             {"      Tags: {'lambda:createdBy': me}\n",
              "8:14: the tag lambda:createdBy is SAM's own"},
             {"    Connectors: {}\n", "8:5: Connectors is not supported here"},
             {"    Metadata: {Dockerfile: x}\n", "8:16: Dockerfile: Meridian builds no images"},
             {"    Metadata: {BuildMethod: makefile, WorkingDir: x}\n",
              "8:39: WorkingDir is not supported: a build runs in the folder that holds its code"},
             {"    Metadata: {BuildArchitecture: arm64}\n",
              "8:16: BuildArchitecture is x86_64 here"},
             {"    Metadata: {BuildArchitecture: x86_64, SkipBuild: true}\n", "no error"},
             {"    Metadata: {BuildProperties: {UseNpmCi: true, Minify: true}}\n",
              "8:50: BuildProperties: Minify is not supported"},
             {"    IgnoreGlobals: [Nope]\n    Condition: C\nConditions: {C: !Equals [a, a]}\n",
              "no error"},
         }) {
        auto got = error_of(sam(properties));
        if (got.starts_with("t.yaml:")) got = got.substr(7);
        // A list of what there is may follow.
        EXPECT_EQ(got.substr(0, std::string_view(error).size()), error) << properties;
    }
    EXPECT_EQ(error_of("Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: "
                       "AWS::Serverless::Function, Properties: {Runtime: python3.11}}}"),
              "t.yaml:2:13: F needs the property Handler");
}

TEST(SamFunction, ASettingThatARoleMakesIdleIsSaid) {
    auto const stack = expanded(sam("      Role: arn:r\n      Policies: [X]\n"));
    EXPECT_EQ(stack.warnings, (std::vector<std::string>{
                                  "t.yaml:9:7: F: Policies does nothing because Role is given, "
                                  "as in SAM"}));
    EXPECT_EQ(stack.resources.size(), 1U);
}

}  // namespace
}  // namespace meridian::deploy
