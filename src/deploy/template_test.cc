// Whole templates: what is read of them, and that every mistake is named with its place.

#include "deploy/template.h"

#include <gtest/gtest.h>

#include "deploy/template_testing.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

// A template of one function (its properties begin at 6:7) that is good without `more`.
std::string with_function(std::string const& properties, std::string const& more = {}) {
    return "Transform: AWS::Serverless-2016-10-31\n"
           "Resources:\n"
           "  F:\n"
           "    Type: AWS::Serverless::Function\n"
           "    Properties:\n"
           "      Handler: a.b\n"
           "      Runtime: python3.11\n"
           "      InlineCode: x\n" +
           properties + more;
}

struct ErrorCase {
    std::string text;
    std::string error;
};

void expect_errors(std::vector<ErrorCase> const& cases) {
    for (auto const& row : cases) EXPECT_EQ(error_of(row.text), "t.yaml:" + row.error) << row.text;
}

TEST(Template, SectionsAreTheOnesThatThereAre) {
    expect_errors({
        {"[]", "1:1: a template is a map of sections, not a list"},
        {"Resources: {}", "1:12: a template needs Resources"},
        {"A: 1\nResources: {}",
         "1:1: there is no section A (there are AWSTemplateFormatVersion, Conditions, Description, "
         "Globals, Mappings, Metadata, Outputs, Parameters, Resources, Transform)"},
        {"Rules: {}\nResources: {}", "1:1: the section Rules is not supported"},
        {"AWSTemplateFormatVersion: 2010\nResources: {}",
         "1:27: AWSTemplateFormatVersion is 2010-09-09"},
        {"Transform: My::Macro\nResources: {A: {}}",
         "1:12: the transform My::Macro is not run here (only AWS::Serverless-2016-10-31 and "
         "AWS::LanguageExtensions)"},
        {"Globals: {}\nResources: {A: {}}",
         "1:1: Globals needs Transform: AWS::Serverless-2016-10-31"},
        {with_function("", "Globals: {Nope: {}}"),
         "9:11: Globals has no section Nope (it has Function, Api, CapacityProvider, HttpApi, "
         "SimpleTable, StateMachine, WebSocketApi)"},
        {with_function("", "Mappings: {A: {b: c}}"), "9:16: a mapping has two levels of keys"},
        {with_function("", "Mappings: {A: {b: {c: !Ref F}}}"),
         "9:20: a mapping's value is a text, a number or a list"},
        {with_function("", "Conditions: {A: !Equals [a]}"), "9:17: Fn::Equals takes two values"},
        {with_function("", "Conditions: {A: !Equals [a, !Ref F]}"),
         "9:29: a condition cannot depend on a resource"},
        {with_function("", "Conditions: {A: 3}"),
         "9:17: a condition is made of Fn::And, Fn::Equals, Fn::Not, Fn::Or and other conditions"},
    });
}

TEST(Template, GlobalsHoldWhatFunctionsMayShare) {
    auto const error = error_of(with_function("", "Globals: {Function: {Role: r}}"));
    EXPECT_TRUE(
        error.starts_with("t.yaml:9:22: Globals.Function has no property Role (it has "
                          "Architectures, "))
        << error;
}

TEST(Template, ResourcesAreCheckedBeforeAnythingIsMade) {
    expect_errors({
        {"Resources: {a-b: {Type: AWS::Lambda::Version}}",
         "1:13: the logical id a-b is not letters and digits"},
        {"Resources: {A: {}}", "1:13: the resource A has no Type"},
        {"Resources: {A: {Type: AWS::Lambda::Version, Propertis: {}}}",
         "1:45: a resource has no attribute Propertis (it has Condition, Connectors, "
         "CreationPolicy, DeletionPolicy, DependsOn, IgnoreGlobals, Metadata, Properties, Type, "
         "UpdatePolicy, UpdateReplacePolicy)"},
        {"Resources:\n  Q:\n    Type: AWS::SQS::Queue\n",
         "3:11: Resource Q has the type AWS::SQS::Queue, which is not Meridian's: give what the "
         "functions need of it as a parameter, or skip such resources with --ignore-foreign"},
        {"Resources: {F: {Type: AWS::Serverless::Function}}",
         "1:23: AWS::Serverless::Function needs Transform: AWS::Serverless-2016-10-31"},
        {"Resources: {V: {Type: AWS::Lambda::Version}}", "1:13: V needs the property FunctionName"},
        {"Resources: {V: {Type: AWS::Lambda::Version, Properties: {FunctionName: a, Nam: b}}}",
         "1:75: V has no property Nam (it has CodeSha256, Description, FunctionName, "
         "FunctionScalingConfig, ProvisionedConcurrencyConfig, RuntimePolicy)"},
        {"Resources: {V: {Type: AWS::Lambda::Version, Properties: {FunctionName: [a]}}}",
         "1:72: V.FunctionName is a text, not a list"},
        {"Resources: {V: {Type: AWS::Lambda::Version, Properties: {FunctionName: }}}",
         "1:72: V.FunctionName has no value"},
        {"Resources: {V: {Type: AWS::Lambda::Version, Properties: {FunctionName: a, "
         "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: x}}}}",
         "1:139: V.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions is a whole number, "
         "not x"},
        {"Resources: {V: {Type: AWS::Lambda::Version, DeletionPolicy: Snapshot, Properties: "
         "{FunctionName: a}}}",
         "1:61: DeletionPolicy is Delete or Retain"},
        {"Resources: {V: {Type: AWS::Lambda::Version, DependsOn: W, Properties: {FunctionName: "
         "a}}}",
         "1:56: DependsOn: there is no resource W"},
        {"Resources: {V: {Type: AWS::Lambda::Version, Condition: C}}",
         "1:56: there is no condition C"},
        {"Resources: {F: {Type: AWS::Lambda::Function, Properties: {Role: r, Code: {LocalPath: "
         "x}}}}",
         "1:75: Code has no property LocalPath: a local path stands for the whole of it"},
        {"Parameters: {F: {Type: String, Default: a}}\n"
         "Resources: {F: {Type: AWS::Lambda::Version, Properties: {FunctionName: a}}}",
         "2:13: F is a parameter and a resource"},
    });
}

TEST(Template, ReferencesLeadToWhatIsThere) {
    expect_errors({
        {with_function("      Description: !Ref Nope\n"),
         "9:20: there is no parameter and no resource Nope"},
        {with_function("      Description: !Sub 'x ${Nope.Arn}'\n"),
         "9:20: there is no parameter and no resource Nope"},
        {with_function("      Description: !GetAtt FRole.Name\n"),
         "9:20: FRole (AWS::IAM::Role) has no attribute Name (it has Arn, RoleId)"},
        {with_function("      Description: !Ref F.Alias\n"),
         "9:20: F has no Alias: it has no AutoPublishAlias"},
        {with_function("      Description: !Ref G\n",
                       "  G:\n    Type: AWS::Lambda::Version\n    Condition: C\n"
                       "    Properties: {FunctionName: a}\n"
                       "Conditions: {C: !Equals [a, b]}\n"),
         "9:20: G is not in the stack: its condition C is false"},
        {with_function("      Description: !Ref F\n"),
         "3:3: resources depend on each other: F -> F"},
        {with_function("      Description: !Ref V\n",
                       "  V:\n    Type: AWS::Lambda::Version\n    DependsOn: P\n"
                       "    Properties: {FunctionName: a}\n"
                       "  P:\n    Type: AWS::IAM::Policy\n    Properties:\n"
                       "      PolicyName: p\n      Roles: [!Ref F]\n      PolicyDocument: {}\n"),
         "3:3: resources depend on each other: F -> V -> P -> F"},
        {with_function("",
                       "  FRole:\n    Type: AWS::IAM::Role\n    Properties:\n"
                       "      AssumeRolePolicyDocument: {}\n"),
         "9:3: two resources would be FRole (SAM makes one of that name)"},
        {with_function("", "Outputs: {A: {Value: !Ref Nope}}"),
         "9:22: there is no parameter and no resource Nope"},
        {with_function("      Description: !Sub '{{resolve:ssm:${AWS::Region}}}'\n"),
         "9:20: {{resolve:…}} asks a service that is not Meridian's; give the value as a "
         "parameter"},
        {with_function("", "Outputs: {A: {Value: [a]}}"),
         "9:22: the output A is a text, not a list"},
        {with_function("", "Outputs: {A: {}}"), "9:11: the output A has no Value"},
        {with_function("", "Outputs: {A: {Valu: 1}}"),
         "9:15: an output has no member Valu (it has Condition, Description, Export, Value)"},
    });
}

TEST(Template, ForeignResourcesAreSkippedWhenAskedAndNeverMissed) {
    auto inputs = test_inputs();
    inputs.ignore_foreign = true;
    auto const foreign =
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties: {Anything: !GetAtt F.Arn}\n";
    auto const stack =
        expand_text(with_function("", std::string(foreign) +
                                          "Outputs: {A: {Value: !Ref Q}, B: {Value: !Ref F}}"),
                    inputs);
    ASSERT_TRUE(stack) << stack.error().message;
    EXPECT_EQ(stack->ignored,
              (std::vector<std::string>{"t.yaml:10:11: Resource Q (AWS::SQS::Queue)",
                                        "t.yaml:12:11: Output A: it names Q"}));
    EXPECT_EQ(stack->outputs.size(), 1U);
    EXPECT_EQ(stack->resources.size(), 2U);
    // What a function needs of it is not left out in silence.
    EXPECT_EQ(
        error_of(with_function("      Environment: {Variables: {Q: !Ref Q}}\n", foreign), inputs),
        "t.yaml:9:36: Q is not in the stack: its type AWS::SQS::Queue is skipped");
}

TEST(Template, ValuesTakeTheKindsThatTheServiceWants) {
    auto const stack = expand_text(R"(
Parameters:
  Size: {Type: Number, Default: 256}
  Flag: {Type: String, Default: 'TRUE'}
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Code: {ZipFile: x}
      MemorySize: !Ref Size
      Timeout: '30'
      Description: 12
      VpcConfig: {Ipv6AllowedForDualStack: !Ref Flag}
      Environment:
        Variables: {N: 1, F: 1.50, B: yes, S: "x", P: !Ref Size, I: !Ref AWS::AccountId}
      Layers: [!Ref AWS::NoValue, arn]
)");
    ASSERT_TRUE(stack) << stack.error().message;
    auto const f = properties_of(*stack, "F");
    EXPECT_EQ(f["MemorySize"], 256);
    EXPECT_EQ(f["Timeout"], 30);
    EXPECT_EQ(f["Description"], "12");
    EXPECT_EQ(f["VpcConfig"]["Ipv6AllowedForDualStack"], true);
    EXPECT_EQ(
        f["Environment"]["Variables"],
        json::parse(R"({"N":"1","F":"1.50","B":"true","S":"x","P":"256","I":"123456789012"})"));
    EXPECT_EQ(f["Layers"], json::parse(R"(["arn"])"));
}

TEST(Template, ParametersAreListedForWhoAsks) {
    auto const parsed = Template::parse("t.yaml", with_function("", R"(
Parameters:
  Stage:
    Type: String
    Default: dev
    AllowedValues: [dev, prod]
    Description: Where
  Secret: {Type: String, NoEcho: true, MinLength: 3}
  Many: {Type: List<Number>, Default: '1, 2'}
)"));
    ASSERT_TRUE(parsed) << parsed.error().message;
    auto const& all = parsed->parameters();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].name, "Stage");
    EXPECT_EQ(all[0].default_value, "dev");
    EXPECT_EQ(all[0].allowed_values, (std::vector<std::string>{"dev", "prod"}));
    EXPECT_EQ(all[0].description, "Where");
    EXPECT_TRUE(all[1].no_echo);
    EXPECT_EQ(all[1].default_value, std::nullopt);
    EXPECT_EQ(describe(parsed->at(all[2].mark)), "t.yaml:17:3");
}

TEST(Template, ParametersAreWhatTheTemplateAllows) {
    struct Given {
        std::string parameter;
        std::optional<std::string> value;
        std::string result;  // the description that comes of it, or the error
    };
    for (auto const& row : std::vector<Given>{
             {"{Type: String, Default: a}", std::nullopt, "a"},
             {"{Type: String, Default: a}", "b", "b"},
             {"{Type: String, Default: }", std::nullopt, ""},
             {"{Type: CommaDelimitedList}", " a, b ,c", "a+b+c"},
             {"{Type: List<Number>}", "1,2", "1+2"},
             {"{Type: 'AWS::EC2::VPC::Id'}", "vpc-1", "vpc-1"},
             {"{Type: 'List<AWS::EC2::Subnet::Id>'}", "a,b", "a+b"},
             {"{Type: String, AllowedPattern: '[a-z]+'}", "abc", "abc"},
             {"{Type: String}", std::nullopt, "3: a value is needed for the parameter P"},
             {"{Type: String, AllowedValues: [x, y]}", "z",
              "3: the parameter P: z is none of x, y"},
             {"{Type: String, AllowedPattern: '[a-z]+'}", "a1",
              "3: the parameter P: a1 does not match [a-z]+"},
             {"{Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: letters}", "a1",
              "3: the parameter P: a1 does not match [a-z]+ (letters)"},
             {"{Type: String, MinLength: 3, NoEcho: true}", "s3",
              "3: the parameter P: its value is shorter than 3"},
             {"{Type: String, MaxLength: 2}", "äöü", "3: the parameter P: äöü is longer than 2"},
             {"{Type: Number, MinValue: 1, MaxValue: 5}", "6",
              "3: the parameter P: 6 is more than 5"},
             {"{Type: Number, MinValue: 1}", "0", "3: the parameter P: 0 is less than 1"},
             {"{Type: Number}", "x", "3: the parameter P: x is no number"},
             {"{Type: List<Number>}", "1,x", "3: the parameter P: x is no number"},
             {"{Type: String, AllowedPattern: '(a'}", "a",
              "3: the parameter P: its AllowedPattern cannot be used: missing ): (a"},
             {"{Type: 'AWS::SSM::Parameter::Value<String>'}", "x",
              "13: the type AWS::SSM::Parameter::Value<String> reads Systems Manager's parameter "
              "store, which is not Meridian's; make it a String"},
             {"{Type: Strin}", "x", "13: there is no parameter type Strin"},
             {"{Default: x}", std::nullopt, "3: the parameter P has no Type"},
             {"{Type: String, MinLength: x}", "x", "32: MinLength is a number"},
             {"{Type: String, Nope: x}", "x",
              "21: a parameter has no member Nope (it has Type, Default, AllowedValues, "
              "AllowedPattern, ConstraintDescription, Description, MaxLength, MaxValue, MinLength, "
              "MinValue, NoEcho)"},
         }) {
        auto inputs = test_inputs();
        if (row.value) inputs.parameters = {{"P", *row.value}};
        bool const list = row.parameter.find("List") != std::string::npos;
        auto const stack =
            expand_text(with_function(list ? "      Description: !Join ['+', !Ref P]\n"
                                           : "      Description: !Ref P\n",
                                      "Parameters:\n  P: " + row.parameter + "\n"),
                        inputs);
        auto const result = stack ? properties_of(*stack, "F")["Description"].get<std::string>()
                                  : stack.error().message;
        EXPECT_EQ(result, stack ? row.result : "t.yaml:11:" + row.result) << row.parameter;
    }
    auto inputs = test_inputs();
    inputs.parameters = {{"Nope", "1"}};
    EXPECT_EQ(error_of(with_function(""), inputs),
              "t.yaml:1:1: the template has no parameter Nope");
}

TEST(Template, PseudoParametersAreOfThisStack) {
    auto const stack = expand_text(with_function("", R"(
Outputs:
  All: {Value: !Sub "${AWS::Region} ${AWS::AccountId} ${AWS::StackName} ${AWS::Partition} ${AWS::URLSuffix}"}
  Id: {Value: !Ref AWS::StackId}
  Exported: {Value: x, Export: {Name: y}}
)"));
    ASSERT_TRUE(stack) << stack.error().message;
    EXPECT_EQ(stack->outputs.at("All"), "us-east-1 123456789012 shop aws amazonaws.com");
    auto const id = stack->outputs.at("Id").get<std::string>();
    EXPECT_TRUE(id.starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/")) << id;
    EXPECT_EQ(id.size(),
              std::string("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/").size() + 36);
    EXPECT_EQ(stack->warnings,
              (std::vector<std::string>{
                  "t.yaml:13:24: Output Exported: it is not exported to other stacks"}));
}

TEST(Template, LoopsAreBoundedAndTheirMistakesNamed) {
    auto const loop = [](std::string const& body,
                         std::string const& transform = "Transform: AWS::LanguageExtensions\n") {
        return transform + "Resources:\n  Fn::ForEach::L: " + body + "\n";
    };
    expect_errors({
        {loop("[X, [a], {}]", ""), "2:3: Fn::ForEach needs Transform: AWS::LanguageExtensions"},
        {loop("[X, [a]]"),
         "3:3: Fn::ForEach takes a variable, its values and a map of what each makes"},
        {loop("[X, a, {}]"), "3:23: Fn::ForEach: its values are a list that is known"},
        {loop("[X, [[a]], {'V${X}': 1}]"), "3:24: a value of Fn::ForEach is a text, not a list"},
        {loop("[X, [a, a], {'V${X}': {}}]"), "3:32: Va is there twice: first at 3:32"},
        {loop("[X, [a.b], {'V&{X}': {Type: A, X: 1}}]"),
         "3:50: a resource has no attribute X (it has Condition, Connectors, CreationPolicy, "
         "DeletionPolicy, DependsOn, IgnoreGlobals, Metadata, Properties, Type, UpdatePolicy, "
         "UpdateReplacePolicy)"},
    });
    // Five loops in each other, of twenty values each.
    std::string nested = "{'V${A}x${B}x${C}x${D}x${E}': {Type: x}}";
    for (auto const* name : {"E", "D", "C", "B", "A"}) {
        std::string values = "0";
        for (int i = 1; i < 20; ++i) values += "," + std::to_string(i);
        nested = std::string("{'Fn::ForEach::") + name + "': [" + name + ", [" + values + "], " +
                 nested + "]}";
    }
    auto const error = error_of("Transform: AWS::LanguageExtensions\nResources: " + nested);
    EXPECT_NE(error.find("more than 5000 keys in one map"), std::string::npos) << error;
}

TEST(Template, TooMuchIsRefused) {
    EXPECT_EQ(error_of(std::string(kTemplateBytesMax + 1, ' ')),
              "t.yaml:1:1: more than 1000000 bytes");
    std::string many = "Resources:\n";
    for (int i = 0; i <= 500; ++i)
        many += "  V" + std::to_string(i) + ": {Type: AWS::Lambda::Version}\n";
    EXPECT_EQ(error_of(many), "t.yaml:2:3: more than 500 resources");
}

}  // namespace
}  // namespace meridian::deploy
