// Every kind of project under tests/deploy/templates/ becomes a whole stack.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "deploy/template_testing.h"

namespace meridian::deploy {
namespace {

std::filesystem::path const kExamples =
    std::filesystem::path(MERIDIAN_SOURCE_DIR) / "tests/deploy/templates";

std::string read(std::filesystem::path const& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::filesystem::path template_of(std::string const& kind) {
    auto path = kExamples / kind / "template.yaml";
    if (!std::filesystem::exists(path)) path = kExamples / kind / "template.json";
    return path;
}

Result<Stack> expand_kind(std::string const& kind, StackInputs inputs = test_inputs()) {
    auto const path = template_of(kind);
    MERIDIAN_TRY(auto const parsed, Template::parse(path.filename().string(), read(path)));
    inputs.ignore_foreign = kind == "hello-world";
    return expand(parsed, inputs);
}

// Type (without what all have in front) and logical id, in the order in which they are made.
std::string made(Stack const& stack) {
    std::string out;
    for (auto const& resource : stack.resources) {
        if (!out.empty()) out += ' ';
        out += resource.type.substr(resource.type.rfind(':') + 1) + ":" + resource.logical_id;
    }
    return out;
}

struct KindCase {
    std::string kind;
    std::string resources;
};

std::vector<KindCase> const kKinds = {
    {"hello-world",
     "Role:HelloWorldFunctionRole Function:HelloWorldFunction "
     "Permission:HelloWorldFunctionHelloWorldPermissionProd"},
    {"cron-job",
     "Role:CleanupRole Function:Cleanup EventInvokeConfig:CleanupEventInvokeConfig "
     "Permission:CleanupOftenPermission Permission:CleanupNightlyPermission"},
    {"s3-thumbnailer",
     "Role:ThumbnailerRole Function:Thumbnailer Permission:ThumbnailerUploadedPermission"},
    {"sqs-worker", "Role:WorkerRole Function:Worker EventSourceMapping:WorkerOrders"},
    {"kinesis-consumer",
     "Role:ConsumerRole Function:Consumer Version:ConsumerVersion Alias:ConsumerAliaslive "
     "EventSourceMapping:ConsumerClicks EventSourceMapping:ConsumerWindows"},
    {"webhook",
     "Role:WebhookRole Function:Webhook Url:WebhookUrl Permission:WebhookUrlPublicPermissions "
     "Permission:WebhookURLInvokeAllowPublicAccess"},
    {"shared-layer",
     "LayerVersion:Common Role:ReaderRole Function:Reader Role:WriterRole Function:Writer"},
    {"canary",
     "Role:ServiceRole Function:Service Version:ServiceVersion Alarm:Errors Role:BeforeRole "
     "Function:Before Role:AfterRole Function:After Alias:ServiceAliaslive"},
    {"plain-cloudformation",
     "Role:Role Function:Function Version:Version1 Alias:Alias Permission:Permission "
     "Policy:Policy"},
    {"stages", "Role:AppRole Function:App Role:DebugRole Function:Debug"},
    {"fan-out",
     "Role:SecondRole Function:Second Role:FailedRole Function:Failed Role:FirstRole "
     "Function:First EventInvokeConfig:FirstEventInvokeConfig"},
    {"custom-runtime", "Role:ShellFunctionRole Function:ShellFunction"},
    {"fleet",
     "Role:FunctionacmeRole Function:Functionacme Role:FunctionglobexRole "
     "Function:Functionglobex Role:FunctioninitechRole Function:Functioninitech"},
    {"rolling-alias", "Role:Role Function:Function Version:Version Function:Check Alias:Alias"},
};

TEST(TemplateExamples, EachKindBecomesTheseResourcesInThisOrder) {
    for (auto const& row : kKinds) {
        auto const stack = expand_kind(row.kind);
        ASSERT_TRUE(stack) << row.kind << ": " << stack.error().message;
        EXPECT_EQ(made(*stack), row.resources) << row.kind;
    }
}

TEST(TemplateExamples, TheTableNamesEveryFolder) {
    std::set<std::string> named;
    for (auto const& row : kKinds) named.insert(row.kind);
    std::set<std::string> present;
    for (auto const& entry : std::filesystem::directory_iterator(kExamples)) {
        if (entry.is_directory()) present.insert(entry.path().filename().string());
    }
    EXPECT_EQ(named, present);
}

TEST(TemplateExamples, LocalCodeIsThereAndHandlersAreInIt) {
    for (auto const& row : kKinds) {
        auto const stack = expand_kind(row.kind);
        ASSERT_TRUE(stack) << row.kind;
        for (auto const& code : local_code(*stack)) {
            auto const folder = template_of(row.kind).parent_path() / code.path;
            ASSERT_TRUE(std::filesystem::is_directory(folder)) << row.kind << " " << code.path;
            auto const handler = properties_of(*stack, code.resource).value("Handler", "");
            if (handler.empty()) continue;  // a layer
            auto const stem = handler.substr(0, handler.find('.'));
            bool found = false;
            for (auto const* suffix : {".py", ".js", ".sh"})
                found = found || std::filesystem::exists(folder / (stem + suffix));
            EXPECT_TRUE(found) << row.kind << ": " << handler << " in " << folder;
        }
    }
}

TEST(TemplateExamples, AStageDecidesBySizeConditionAndConcurrency) {
    auto inputs = test_inputs();
    inputs.parameters = {{"Stage", "prod"}, {"Features", "a,b,c"}};
    auto const prod = expand_kind("stages", inputs);
    ASSERT_TRUE(prod) << prod.error().message;
    EXPECT_EQ(made(*prod), "Role:AppRole Function:App Alarm:Slow");
    auto const app = properties_of(*prod, "App");
    EXPECT_EQ(app["MemorySize"], 1024);
    EXPECT_EQ(app["ReservedConcurrentExecutions"], 50);
    EXPECT_EQ(app["FunctionName"], "shop-app-prod");
    EXPECT_EQ(app["Environment"]["Variables"]["FEATURES"], "a|b|c");
    EXPECT_EQ(app["LoggingConfig"]["ApplicationLogLevel"], "WARN");
    EXPECT_EQ(properties_of(*prod, "Slow")["Threshold"], 1500.5);
    EXPECT_FALSE(prod->outputs.contains("Debug"));

    auto const dev = expand_kind("stages");
    ASSERT_TRUE(dev) << dev.error().message;
    EXPECT_FALSE(properties_of(*dev, "App").contains("ReservedConcurrentExecutions"));
    EXPECT_EQ(dev->outputs.at("Debug"), nlohmann::json({{"Fn::GetAtt", {"Debug", "Arn"}}}));
}

TEST(TemplateExamples, ACanaryWaitsForItsAlarmAndHooks) {
    auto const stack = expand_kind("canary");
    ASSERT_TRUE(stack) << stack.error().message;
    ASSERT_EQ(stack->shifts.size(), 1U);
    auto const& shift = stack->shifts[0];
    EXPECT_EQ(shift.alias, "ServiceAliaslive");
    EXPECT_EQ(shift.type, "Canary10Percent5Minutes");
    EXPECT_EQ(shift.alarms, std::vector<nlohmann::json>({{{"Ref", "Errors"}}}));
    EXPECT_EQ(shift.before_allow_traffic, nlohmann::json({{"Ref", "Before"}}));
    EXPECT_EQ(shift.after_allow_traffic, nlohmann::json({{"Ref", "After"}}));
    auto const* version = find_resource(*stack, "ServiceVersion");
    ASSERT_NE(version, nullptr);
    EXPECT_TRUE(version->auto_publish);
    EXPECT_TRUE(version->publish_on_any_change);
    EXPECT_EQ(version->deletion_policy, "Retain");
    EXPECT_EQ(version->properties["Description"], "of shop");
    // !Ref Service.Version is the version's ARN.
    EXPECT_EQ(properties_of(*stack, "Before")["Environment"]["Variables"]["NEW_VERSION"],
              nlohmann::json({{"Ref", "ServiceVersion"}}));
}

TEST(TemplateExamples, CloudFormationsUpdatePolicyIsAShiftToo) {
    auto const stack = expand_kind("rolling-alias");
    ASSERT_TRUE(stack) << stack.error().message;
    ASSERT_EQ(stack->shifts.size(), 1U);
    EXPECT_EQ(stack->shifts[0].alias, "Alias");
    EXPECT_EQ(stack->shifts[0].type, "Linear25PercentEvery2Minutes");
    EXPECT_EQ(stack->shifts[0].before_allow_traffic, nlohmann::json({{"Ref", "Check"}}));
    EXPECT_FALSE(find_resource(*stack, "Version")->auto_publish);
    EXPECT_EQ(stack->warnings.size(), 3U);
}

TEST(TemplateExamples, AnApiIsForeignButItsPermissionIsMade) {
    auto const stack = expand_kind("hello-world");
    ASSERT_TRUE(stack) << stack.error().message;
    auto const permission = properties_of(*stack, "HelloWorldFunctionHelloWorldPermissionProd");
    EXPECT_EQ(permission["Principal"], "apigateway.amazonaws.com");
    EXPECT_EQ(permission["SourceArn"], "arn:aws:execute-api:us-east-1:123456789012:*/*/GET/hello");
    EXPECT_EQ(stack->warnings,
              std::vector<std::string>({"template.yaml:22:9: HelloWorldFunction.Events.HelloWorld: "
                                        "apigateway.amazonaws.com may invoke the function; the "
                                        "REST API itself is not made"}));
    EXPECT_EQ(stack->ignored,
              std::vector<std::string>({"template.yaml:29:3: Output HelloWorldApi: it names "
                                        "ServerlessRestApi"}));
    EXPECT_FALSE(stack->outputs.contains("HelloWorldApi"));
}

TEST(TemplateExamples, AFleetIsMadeByALoop) {
    auto inputs = test_inputs();
    inputs.parameters = {{"Tenants", "acme,zeta"}};
    auto const stack = expand_kind("fleet", inputs);
    ASSERT_TRUE(stack) << stack.error().message;
    EXPECT_EQ(properties_of(*stack, "Functionacme")["MemorySize"], 256);
    auto const zeta = properties_of(*stack, "Functionzeta");
    EXPECT_EQ(zeta["MemorySize"], 128);
    EXPECT_EQ(zeta["FunctionName"], "shop-zeta");
    EXPECT_EQ(
        zeta["Environment"]["Variables"],
        nlohmann::json(
            {{"TENANT", "zeta"}, {"TENANTS", "2"}, {"ALL", R"({"tenants":["acme","zeta"]})"}}));
    EXPECT_EQ(stack->outputs.at("Arnzeta"),
              nlohmann::json({{"Fn::GetAtt", {"Functionzeta", "Arn"}}}));
}

TEST(TemplateExamples, CodeSaysHowItIsBuilt) {
    std::map<std::string, std::string> methods;
    for (auto const* kind : {"custom-runtime", "shared-layer", "rolling-alias"}) {
        auto const stack = expand_kind(kind);
        ASSERT_TRUE(stack) << stack.error().message;
        for (auto const& code : local_code(*stack))
            methods[code.resource] = code.path + " " + code.build_method;
    }
    EXPECT_EQ(methods, (std::map<std::string, std::string>{{"ShellFunction", "src makefile"},
                                                           {"Common", "layer "},
                                                           {"Reader", "reader python3.11"},
                                                           {"Writer", "writer python3.11"},
                                                           {"Function", "./app python3.11"},
                                                           {"Check", "./app python3.11"}}));
}

}  // namespace
}  // namespace meridian::deploy
