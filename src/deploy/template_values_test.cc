// Every intrinsic function, evaluated over parameters and left for resolve() over resources.

#include "deploy/template_values.h"

#include <gtest/gtest.h>

#include "deploy/stack.h"
#include "deploy/template_yaml.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

Evaluator evaluator(bool extensions = true) {
    auto const mappings =
        parse_yaml("Sizes: {small: {Memory: 128}, big: {Memory: 1024, Tags: [a, b]}}");
    auto const conditions = parse_yaml(R"(
IsProd: !Equals [!Ref Stage, prod]
NotProd: !Not [!Condition IsProd]
Both: !And [!Condition IsProd, !Condition NotProd]
Any: !Or [!Condition NotProd, !Condition IsProd, !Equals [1, 1]]
Text: true
Lists: !Equals [!Ref Zones, [a, b, c]]
A: !Condition B
B: !Not [!Condition A]
)");
    Evaluator::Scope scope{
        .mappings = *mappings, .conditions = *conditions, .language_extensions = extensions};
    scope.values["Stage"] = Node::string("prod", {});
    scope.values["AWS::Region"] = Node::string("us-east-1", {});
    scope.values["Zones"] = from_json(json::parse(R"(["a","b","c"])"));
    scope.values["Count"] = from_json(3);
    return Evaluator(std::move(scope));
}

std::string evaluated(std::string const& yaml, bool extensions = true) {
    auto const node = parse_yaml(yaml);
    if (!node) return node.error().message;
    auto values = evaluator(extensions);
    auto const out = values.evaluate(*node);
    if (!out) return out.error().message;
    return *out ? to_json(**out).dump() : "nothing";
}

struct ValueCase {
    char const* yaml;
    char const* result;
};

TEST(TemplateValues, FunctionsOfKnownValues) {
    for (auto const& [yaml, result] : std::initializer_list<ValueCase>{
             {"!Ref Stage", "\"prod\""},
             {"!Ref Zones", R"(["a","b","c"])"},
             {"!Ref AWS::Region", "\"us-east-1\""},
             {"!Ref AWS::NoValue", "nothing"},
             {"{a: !Ref AWS::NoValue, b: 1}", R"({"b":1})"},
             {"[x, !Ref AWS::NoValue]", R"(["x"])"},
             {"!Sub 'a-${Stage}-${AWS::Region}'", "\"a-prod-us-east-1\""},
             {"!Sub 'n${Count}'", "\"n3\""},
             {"!Sub ['${x}/${Stage}', {x: !Select [1, !Ref Zones]}]", "\"b/prod\""},
             {"!Sub ['${Stage}', {Stage: mine}]", "\"mine\""},
             {"!Sub 'literal ${!Stage}, $Stage, ${'", "\"literal ${Stage}, $Stage, ${\""},
             {"!Sub ''", "\"\""},
             {"!Join ['-', [a, !Ref Stage, 3, true]]", "\"a-prod-3-true\""},
             {"!Join ['', []]", "\"\""},
             {"!Join [',', !Ref Zones]", "\"a,b,c\""},
             {"!Select [2, !Ref Zones]", "\"c\""},
             {"!Select ['0', [x]]", "\"x\""},
             {"!Split [',', 'a,,b']", R"(["a","","b"])"},
             {"!Split ['--', 'a']", R"(["a"])"},
             {"!Select [1, !Split ['/', 'x/y/z']]", "\"y\""},
             {"!Base64 'hello'", "\"aGVsbG8=\""},
             {"Fn::Base64: !Sub '${Stage}'", "\"cHJvZA==\""},
             {"!If [IsProd, 1, 2]", "1"},
             {"!If [NotProd, 1, !Ref AWS::NoValue]", "nothing"},
             {"!If [Any, !If [Both, a, b], c]", "\"b\""},
             {"!If [Text, a, b]", "\"a\""},
             {"!If [Lists, a, b]", "\"a\""},
             // What is not chosen is not evaluated.
             {"!If [IsProd, 1, !FindInMap [Nope, a, b]]", "1"},
             {"!FindInMap [Sizes, small, Memory]", "128"},
             {"!FindInMap [Sizes, big, Tags]", R"(["a","b"])"},
             {"!FindInMap [Sizes, !If [IsProd, big, small], Memory]", "1024"},
             {"!FindInMap [Sizes, other, Memory, {DefaultValue: !Ref Count}]", "3"},
             {"!Length [1, 2]", "2"},
             {"!Length {Ref: Zones}", "3"},
             {"!ToJsonString {a: [!Ref Stage, 1]}", R"("{\"a\":[\"prod\",1]}")"},
         })
        EXPECT_EQ(evaluated(yaml), result) << yaml;
}

TEST(TemplateValues, FunctionsOfResourcesStay) {
    for (auto const& [yaml, result] : std::initializer_list<ValueCase>{
             {"!Ref F", R"({"Ref":"F"})"},
             {"!GetAtt F.Arn", R"({"Fn::GetAtt":["F","Arn"]})"},
             {"Fn::GetAtt: F.Arn", R"({"Fn::GetAtt":["F","Arn"]})"},
             {"!Sub '${Stage}-${F}-x'", R"({"Fn::Join":["",["prod-",{"Ref":"F"},"-x"]]})"},
             {"!Sub '${F.Arn}:live'", R"({"Fn::Join":["",[{"Fn::GetAtt":["F","Arn"]},":live"]]})"},
             {"!Join [':', [a, b, !Ref F, c, d]]",
              R"({"Fn::Join":[":",["a:b",{"Ref":"F"},"c:d"]]})"},
             {"!Split [':', !GetAtt F.Arn]", R"({"Fn::Split":[":",{"Fn::GetAtt":["F","Arn"]}]})"},
             {"!Select [0, !Split [':', !Ref F]]",
              R"({"Fn::Select":["0",{"Fn::Split":[":",{"Ref":"F"}]}]})"},
             {"!Select [1, [a, !Ref F]]", R"({"Ref":"F"})"},
             {"!Base64 {Ref: F}", R"({"Fn::Base64":{"Ref":"F"}})"},
             {"!ToJsonString {a: !Ref F}", R"({"Fn::ToJsonString":{"a":{"Ref":"F"}}})"},
             {"!Length [!Ref F, 1]", "2"},
         }) {
        auto const got = evaluated(yaml);
        // An index stays as it was written.
        auto const expected = std::string(result);
        EXPECT_EQ(got == expected ? got : json::parse(got, nullptr, false).dump(),
                  expected.find("[\"0\"") == std::string::npos
                      ? expected
                      : R"({"Fn::Select":[0,{"Fn::Split":[":",{"Ref":"F"}]}]})")
            << yaml;
    }
}

TEST(TemplateValues, ResolveAnswersThemFromWhatIsKnown) {
    KnownAttributes const known = {
        {"F", {.ref = "shop-F", .attributes = {{"Arn", "arn:aws:lambda:us-east-1:1:function:f"}}}}};
    for (auto const& [yaml, result] : std::initializer_list<ValueCase>{
             {"!Ref F", "\"shop-F\""},
             {"!GetAtt F.Arn", "\"arn:aws:lambda:us-east-1:1:function:f\""},
             {"!Sub '${Stage}-${F}-x'", "\"prod-shop-F-x\""},
             {"!Select [6, !Split [':', !GetAtt F.Arn]]", "\"f\""},
             {"!Join ['|', !Split ['-', !Ref F]]", "\"shop|F\""},
             {"!Base64 {Ref: F}", "\"c2hvcC1G\""},
             {"!ToJsonString {a: !Ref F, n: 1.5}", R"("{\"a\":\"shop-F\",\"n\":1.5}")"},
             {"!Length {'Fn::Split': ['-', !Ref F]}", "2"},
             {"{a: [!Ref F, 1, true, null], b: 2.5}", R"({"a":["shop-F",1,true,null],"b":2.5})"},
         }) {
        auto const left = json::parse(evaluated(yaml));
        auto const out = resolve(left, known);
        ASSERT_TRUE(out) << yaml << ": " << out.error().message;
        EXPECT_EQ(out->dump(), result) << yaml;
    }
    // A Sub that was never evaluated is one too.
    EXPECT_EQ(resolve({{"Fn::Sub", "<${F}>"}}, known), json("<shop-F>"));
    EXPECT_EQ(resolve({{"Ref", "G"}}, known).error(),
              (Error{Errc::kInvalidParameterValue, "the resource G is not known yet"}));
    EXPECT_EQ(resolve({{"Fn::GetAtt", {"F", "Name"}}}, known).error(),
              (Error{Errc::kInvalidParameterValue, "F.Name is not known"}));
}

TEST(TemplateValues, MistakesAreNamedWithTheirPlace) {
    for (auto const& [yaml, error] : std::initializer_list<ValueCase>{
             {"!Ref AWS::Nope", "1:1: there is no pseudo parameter AWS::Nope"},
             {"!Ref [a]", "1:1: what Ref names is a text, not a list"},
             {"Fn::Nope: 1", "1:1: unknown intrinsic function Fn::Nope"},
             {"{'Fn::Sub': a, b: 1}", "1:2: Fn::Sub stands beside other keys"},
             {"!Sub '${a b}'", "1:1: Fn::Sub: ${a b} is no name (a literal is written ${!a b})"},
             {"!Sub '${}'", "1:1: Fn::Sub: ${} is no name (a literal is written ${!})"},
             {"!Sub [a]", "1:1: Fn::Sub takes a text, or a text and a map of variables"},
             {"!Sub {a: b}", "1:1: Fn::Sub takes a text, not a map"},
             {"!Sub '${Zones}'", "1:1: Fn::Sub: Zones is a list"},
             {"!Join [a]", "1:1: Fn::Join takes a delimiter and a list: [\",\", [a, b]]"},
             {"!Join [',', a]", "1:13: Fn::Join takes a delimiter and a list: [\",\", [a, b]]"},
             {"!Join [',', [[a]]]", "1:14: Fn::Join takes texts, not a list"},
             {"!Select [3, !Ref Zones]", "1:1: Fn::Select: there is no element 3 in a list of 3"},
             {"!Select [-1, [a]]", "1:10: Fn::Select's index is a number from 0"},
             {"!Select [0, x]", "1:13: Fn::Select takes a list, not a text"},
             {"!Split ['', a]", "1:9: Fn::Split's delimiter is empty"},
             {"!Split [',', [a]]", "1:14: Fn::Split's source is a text, not a list"},
             {"!Base64 [a]", "1:1: Fn::Base64's argument is a text, not a list"},
             {"!If [Nope, 1, 2]", "1:6: there is no condition Nope"},
             {"!If [IsProd, 1]",
              "1:1: Fn::If takes a condition and two values: [Name, then, else]"},
             {"!If [A, 1, 2]", "8:4: conditions depend on each other: A -> B -> A"},
             {"!FindInMap [Nope, a, b]", "1:13: there is no mapping Nope"},
             {"!FindInMap [Sizes, small, b]", "1:27: the mapping has no key b"},
             {"!FindInMap [Sizes, !Ref F, b]",
              "1:20: Fn::FindInMap: a key that depends on a resource"},
             {"!FindInMap [Sizes]", "1:1: Fn::FindInMap takes a map's name and two keys"},
             {"!GetAtt [a, b, c]",
              "1:1: Fn::GetAtt takes a resource and an attribute: [Resource, Arn]"},
             {"!Equals [a, b]", "1:1: Fn::Equals belongs into Conditions"},
             {"!GetAZs us-east-1",
              "1:1: Fn::GetAZs: Meridian's regions have no availability zones"},
             {"!ImportValue x",
              "1:1: Fn::ImportValue: outputs of other stacks are not kept; give the value as a "
              "parameter"},
             {"!Transform {Name: x}", "1:1: Fn::Transform: macros are not run here"},
             {"!Cidr [a, 1, 2]", "1:1: Fn::Cidr: Meridian makes no networks"},
             {"!Length 3", "1:1: Fn::Length takes a list, not a text"},
             {"!ToJsonString x", "1:1: Fn::ToJsonString takes a map or a list, not a text"},
             {"!Ref AWS::NoValue", "nothing"},
         })
        EXPECT_EQ(evaluated(yaml), error) << yaml;
}

TEST(TemplateValues, LanguageExtensionsAreAskedFor) {
    EXPECT_EQ(evaluated("!Length [a]", false),
              "1:1: Fn::Length needs Transform: AWS::LanguageExtensions");
    EXPECT_EQ(evaluated("!ToJsonString {a: 1}", false),
              "1:1: Fn::ToJsonString needs Transform: AWS::LanguageExtensions");
    EXPECT_EQ(evaluated("!FindInMap [Sizes, x, y, {DefaultValue: 1}]", false),
              "1:26: Fn::FindInMap's DefaultValue needs Transform: AWS::LanguageExtensions");
}

TEST(TemplateValues, TextsThatDoubleEndAtTheLimit) {
    std::string yaml = "0123456789";
    for (int i = 0; i < 20; ++i) yaml = "!Sub ['${a}${a}${a}${a}', {a: " + yaml + "}]";
    auto const error = evaluated(yaml);
    EXPECT_NE(error.find("a text of more than 1000000 bytes"), std::string::npos) << error;
    // Not one long text, but many.
    std::string many = "[";
    for (int i = 0; i < 2'000; ++i) many += "!Ref Long,";
    auto values = evaluator();
    values.scope().values["Long"] = Node::string(std::string(100'000, 'x'), {});
    auto const out = values.evaluate(*parse_yaml(many + "]"));
    ASSERT_FALSE(out);
    EXPECT_NE(out.error().message.find("evaluating it makes more than 64000000 bytes"),
              std::string::npos)
        << out.error().message;
}

}  // namespace
}  // namespace meridian::deploy
