// Which action and resource each operation is, and what the authorizer asks for. The decisions
// themselves are tested in policy/ and iam/, and against a real server in tests/conformance.

#include "api/authorizer.h"

#include <gtest/gtest.h>

#include "api/action.h"
#include "control/fakes.h"

namespace meridian::api {
namespace {

using nlohmann::json;
using wire::OperationId;

class AuthorizerTest : public testing::Test, protected control::ControlHarness {
  protected:
    AuthorizerTest() {
        make_role();
        if (!run(identities.manager.create_user(who, {.name = "ann"})))
            throw std::runtime_error("no user");
        ann.account = model::AccountId(control::kTestAccount);
        ann.arn = "arn:aws:iam::123456789012:user/ann";
        ann.principal = {.kind = auth::Principal::Kind::kUser, .name = "ann"};
        root.account = ann.account;
        root.arn = "arn:aws:iam::123456789012:root";
    }
    // "allowed", or the action, the resource and the reason of the refusal.
    std::string ask(auth::Caller const& caller, OperationId operation, json const& input) {
        auto const answer = run(authorizer.authorize(caller, wire::operation(operation), input,
                                                     {.peer_address = "127.0.0.1"}));
        if (answer) return "allowed";
        auto text = answer.error().message;
        auto const start = text.find("to perform: ");
        return start == std::string::npos ? text : text.substr(start + 12);
    }
    void allow(std::string const& action, std::string const& resource = "*",
               std::string const& condition = "") {
        auto const document =
            R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":")" + action +
            R"(","Resource":")" + resource + "\"" + condition + "}}";
        auto const put = run(identities.manager.put_inline_policy<model::User>(
            who, "ann", {"p" + std::to_string(++policies), document}));
        if (!put) throw std::runtime_error(put.error().message);
    }

    auth::Caller ann;
    auth::Caller root;
    Authorizer authorizer{{*control, identities.directory, identities.authority, clock}};
    int policies = 0;
};

TEST_F(AuthorizerTest, EveryOperationThatIsHereHasARule) {
    for (auto const group : action_groups()) {
        for (auto const& entry : group) {
            EXPECT_NE(find_access_rule(entry.operation), nullptr)
                << wire::operation(entry.operation).name;
        }
    }
    EXPECT_NE(find_access_rule(OperationId::kLambdaInvoke), nullptr);
}

TEST_F(AuthorizerTest, NamesActionsAndResourcesAsIamDoes) {
    struct Case {
        OperationId operation;
        json input;
        char const* asked;
    };
    std::string const function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    Case const cases[] = {
        {OperationId::kLambdaInvoke,
         {{"FunctionName", "f"}},
         "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f"},
        {OperationId::kLambdaInvoke,
         {{"FunctionName", "f"}, {"Qualifier", "live"}},
         "lambda:InvokeFunction on resource: "
         "arn:aws:lambda:us-east-1:123456789012:function:f:live"},
        {OperationId::kLambdaInvoke,
         {{"FunctionName", "f:$LATEST"}},
         "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f"},
        {OperationId::kLambdaInvokeWithResponseStream,
         {{"FunctionName", "f"}},
         "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f"},
        {OperationId::kLambdaCreateAlias,
         {{"FunctionName", "f"}, {"Name", "live"}},
         "lambda:CreateAlias on resource: arn:aws:lambda:us-east-1:123456789012:function:f"},
        {OperationId::kLambdaListFunctions, json::object(), "lambda:ListFunctions on resource: *"},
        {OperationId::kLambdaGetEventSourceMapping,
         {{"UUID", "u"}},
         "lambda:GetEventSourceMapping on resource: "
         "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:u"},
        {OperationId::kLambdaGetLayerVersion,
         {{"LayerName", "l"}, {"VersionNumber", 3}},
         "lambda:GetLayerVersion on resource: arn:aws:lambda:us-east-1:123456789012:layer:l:3"},
        {OperationId::kLambdaGetLayerVersionByArn,
         {{"Arn", "arn:aws:lambda:us-east-1:123456789012:layer:l:3"}},
         "lambda:GetLayerVersion on resource: arn:aws:lambda:us-east-1:123456789012:layer:l:3"},
        {OperationId::kLambdaPublishLayerVersion,
         {{"LayerName", "l"}},
         "lambda:PublishLayerVersion on resource: arn:aws:lambda:us-east-1:123456789012:layer:l"},
        {OperationId::kLambdaTagResource,
         {{"Resource", function}, {"Tags", {{"a", "b"}}}},
         "lambda:TagResource on resource: arn:aws:lambda:us-east-1:123456789012:function:f"},
        {OperationId::kIamCreateUser,
         {{"UserName", "bob"}, {"Path", "/x/"}},
         "iam:CreateUser on resource: arn:aws:iam::123456789012:user/x/bob"},
        {OperationId::kIamGetUser, json::object(),
         "iam:GetUser on resource: arn:aws:iam::123456789012:user/ann"},
        {OperationId::kIamGetRole,
         {{"RoleName", "role"}},
         "iam:GetRole on resource: arn:aws:iam::123456789012:role/role"},
        {OperationId::kIamListRoles, json::object(),
         "iam:ListRoles on resource: arn:aws:iam::123456789012:role/"},
        {OperationId::kIamCreatePolicy,
         {{"PolicyName", "p"}},
         "iam:CreatePolicy on resource: arn:aws:iam::123456789012:policy/p"},
        {OperationId::kStsGetAccessKeyInfo,
         {{"AccessKeyId", "AKIA"}},
         "sts:GetAccessKeyInfo on resource: *"},
    };
    for (auto const& test : cases) {
        auto const asked = ask(ann, test.operation, test.input);
        EXPECT_EQ(asked.substr(0, asked.find(" because")), test.asked);
        EXPECT_EQ(ask(root, test.operation, test.input), "allowed");
    }
    EXPECT_EQ(ask(ann, OperationId::kStsGetCallerIdentity, {}), "allowed");
    EXPECT_EQ(ask(ann, OperationId::kStsGetSessionToken, {}), "allowed");
}

TEST_F(AuthorizerTest, PassingARoleAndReadingALayerAreAskedFor) {
    allow("lambda:CreateFunction");
    json input = {{"FunctionName", "f"},
                  {"Role", "arn:aws:iam::123456789012:role/role"},
                  {"Layers", {"arn:aws:lambda:us-east-1:123456789012:layer:l:1"}}};
    EXPECT_TRUE(ask(ann, OperationId::kLambdaCreateFunction, input)
                    .starts_with("iam:PassRole on resource: arn:aws:iam::123456789012:role/role"));
    allow("iam:PassRole", "*",
          R"(,"Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}})");
    EXPECT_TRUE(ask(ann, OperationId::kLambdaCreateFunction, input)
                    .starts_with("lambda:GetLayerVersion on resource: "
                                 "arn:aws:lambda:us-east-1:123456789012:layer:l:1"));
    allow("lambda:GetLayerVersion");
    EXPECT_EQ(ask(ann, OperationId::kLambdaCreateFunction, input), "allowed");
    input["Tags"] = {{"a", "b"}};
    EXPECT_TRUE(
        ask(ann, OperationId::kLambdaCreateFunction, input).starts_with("lambda:TagResource"));
}

TEST_F(AuthorizerTest, ConditionKeysComeFromTheRequest) {
    allow("lambda:AddPermission", "*",
          R"(,"Condition":{"StringEquals":{"lambda:Principal":"s3.amazonaws.com"}})");
    allow("lambda:CreateFunctionUrlConfig", "*",
          R"(,"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}})");
    allow("lambda:CreateEventSourceMapping", "*",
          R"(,"Condition":{"ArnLike":{"lambda:FunctionArn":"arn:aws:lambda:*:*:function:f"}})");
    allow("lambda:TagResource", "*",
          R"(,"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}})");
    allow(
        "iam:AttachUserPolicy", "*",
        R"(,"Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}})");
    auto const allowed = [&](OperationId operation, json const& input) {
        return ask(ann, operation, input) == "allowed";
    };
    EXPECT_TRUE(allowed(OperationId::kLambdaAddPermission,
                        {{"FunctionName", "f"}, {"Principal", "s3.amazonaws.com"}}));
    EXPECT_FALSE(
        allowed(OperationId::kLambdaAddPermission, {{"FunctionName", "f"}, {"Principal", "*"}}));
    EXPECT_TRUE(allowed(OperationId::kLambdaCreateFunctionUrlConfig,
                        {{"FunctionName", "f"}, {"AuthType", "AWS_IAM"}}));
    EXPECT_FALSE(allowed(OperationId::kLambdaCreateFunctionUrlConfig,
                         {{"FunctionName", "f"}, {"AuthType", "NONE"}}));
    EXPECT_TRUE(allowed(OperationId::kLambdaCreateEventSourceMapping, {{"FunctionName", "f"}}));
    EXPECT_FALSE(allowed(OperationId::kLambdaCreateEventSourceMapping, {{"FunctionName", "g"}}));
    std::string const function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    EXPECT_TRUE(
        allowed(OperationId::kLambdaTagResource, {{"Resource", function}, {"Tags", {{"a", "b"}}}}));
    EXPECT_FALSE(allowed(OperationId::kLambdaTagResource,
                         {{"Resource", function}, {"Tags", {{"a", "b"}, {"c", "d"}}}}));
    EXPECT_TRUE(
        allowed(OperationId::kIamAttachUserPolicy,
                {{"UserName", "ann"}, {"PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess"}}));
    EXPECT_FALSE(allowed(
        OperationId::kIamAttachUserPolicy,
        {{"UserName", "ann"}, {"PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}}));
}

TEST_F(AuthorizerTest, ARequestFromASandboxHasNoSourceAddress) {
    RequestOrigin const outside{.peer_address = "127.0.0.1"};
    RequestOrigin const inside;
    allow("logs:FilterLogEvents", "*",
          R"(,"Condition":{"IpAddress":{"aws:SourceIp":["127.0.0.0/8","::/0"]}})");
    EXPECT_TRUE(authorizer.authorize_logs(ann, "/aws/lambda/f", outside));
    EXPECT_FALSE(authorizer.authorize_logs(ann, "/aws/lambda/f", inside));
    allow("logs:FilterLogEvents", "*", R"(,"Condition":{"Null":{"aws:SourceIp":"true"}})");
    EXPECT_TRUE(authorizer.authorize_logs(ann, "/aws/lambda/f", inside));
}

TEST_F(AuthorizerTest, LogsAreAskedForByGroup) {
    RequestOrigin const origin{.peer_address = "127.0.0.1"};
    EXPECT_FALSE(authorizer.authorize_logs(ann, "/aws/lambda/f", origin));
    allow("logs:FilterLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*");
    EXPECT_TRUE(authorizer.authorize_logs(ann, "/aws/lambda/f", origin));
    EXPECT_FALSE(authorizer.authorize_logs(ann, "/aws/lambda/g", origin));
    EXPECT_TRUE(authorizer.authorize_logs(root, "/aws/lambda/g", origin));
}

}  // namespace
}  // namespace meridian::api
