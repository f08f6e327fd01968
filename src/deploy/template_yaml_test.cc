#include "deploy/template_yaml.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace meridian::deploy {
namespace {

using nlohmann::json;

std::string shown(std::string_view text) {
    auto const node = parse_yaml(text);
    return node ? to_json(*node).dump() : node.error().message;
}

TEST(TemplateYaml, ScalarsAreWhatCloudFormationTakesThemFor) {
    struct Case {
        char const* yaml;
        char const* json;
    };
    for (auto const& [yaml, expected] : std::initializer_list<Case>{
             {"12", "12"},
             {"+12", "12"},
             {"-7", "-7"},
             {"0x1F", "31"},
             {"1.50", "1.5"},
             {".5", "0.5"},
             {"1e3", "\"1e3\""},
             {"1.0e+3", "1000.0"},
             {"yes", "true"},
             {"Off", "false"},
             {"y", "\"y\""},
             {"'yes'", "\"yes\""},
             {"\"12\"", "\"12\""},
             {"!!str 12", "\"12\""},
             {"~", "null"},
             {"null", "null"},
             // An account's id, a code: never a number.
             {"012345678901", "\"012345678901\""},
             {"0123", "\"0123\""},
             {"1:30", "\"1:30\""},
             {"2012-10-17", "\"2012-10-17\""},
             {"arn:aws:x", "\"arn:aws:x\""},
             {"{\"a\": [1, true, null, \"x\"]}", R"({"a":[1,true,null,"x"]})"},
             {"{\n\t\"a\":\t\"tab\\t\\u00e9\\/\"\n}", "{\"a\":\"tab\\té/\"}"},
             {"{\"a\": \"\\ud83d\\ude00\"}", "{\"a\":\"😀\"}"},
             {"a: |\n  one\n  two\n", R"({"a":"one\ntwo\n"})"},
         })
        EXPECT_EQ(shown(yaml), expected) << yaml;
}

TEST(TemplateYaml, ShortTagsAreFunctions) {
    struct Case {
        char const* yaml;
        char const* json;
    };
    for (auto const& [yaml, expected] : std::initializer_list<Case>{
             {"!Ref A", R"({"Ref":"A"})"},
             {"!Condition A", R"({"Condition":"A"})"},
             {"!GetAtt A.B", R"({"Fn::GetAtt":["A","B"]})"},
             {"!GetAtt A.B.C", R"({"Fn::GetAtt":["A","B.C"]})"},
             {"!GetAtt [A, B]", R"({"Fn::GetAtt":["A","B"]})"},
             {"!Sub yes", R"({"Fn::Sub":"yes"})"},
             {"!Join [',', [!Ref A, b]]", R"({"Fn::Join":[",",[{"Ref":"A"},"b"]]})"},
             {"!Base64\n  Fn::Sub: x", R"({"Fn::Base64":{"Fn::Sub":"x"}})"},
             {"!FindInMap [A, !Ref B, C]", R"({"Fn::FindInMap":["A",{"Ref":"B"},"C"]})"},
         })
        EXPECT_EQ(shown(yaml), expected) << yaml;
}

TEST(TemplateYaml, AliasesAndMergeKeysAreExpanded) {
    EXPECT_EQ(shown("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}\nd:\n  <<: [{m: 4}, *x]\n"),
              R"({"a":{"k":1,"l":2},"b":{"k":1,"l":2},"c":{"k":3,"l":2},"d":{"k":1,"l":2,"m":4}})");
    // Quoted, it is a key like any other.
    EXPECT_EQ(shown("'<<': 1"), R"({"<<":1})");
}

TEST(TemplateYaml, EveryValueKnowsWhereItStands) {
    auto const node = parse_yaml("a:\n  - x\n  - !Ref y\nb: {c: 'z'}\n");
    ASSERT_TRUE(node);
    EXPECT_EQ(node->find("a")->items[0].mark, (Mark{2, 5}));
    EXPECT_EQ(node->find("a")->items[1].mark, (Mark{3, 5}));
    EXPECT_EQ(node->find_entry("b")->mark, (Mark{4, 1}));
    EXPECT_EQ(node->find("b")->find("c")->mark, (Mark{4, 8}));
}

TEST(TemplateYaml, MistakesAreNamedWithTheirPlace) {
    struct Case {
        char const* yaml;
        char const* error;
    };
    for (auto const& [yaml, expected] : std::initializer_list<Case>{
             {"", "1:1: there is no document"},
             {"a: 1\n---\nb: 2\n", "3:1: a second document; a template is one"},
             {"a: 1\nb: 2\na: 3\n", "3:1: the key a is there twice: first at 1:1"},
             {"{\"x\": {\"b\": 1,\n \"b\": 2}}", "2:2: the key b is there twice: first at 1:8"},
             {"a: !Reff b", "1:4: unknown tag !Reff"},
             {"a: !!binary aGk=", "1:4: the tag !!binary is not supported"},
             {"a: !GetAtt b", "1:4: !GetAtt is written as Resource.Attribute"},
             {"a: !GetAtt .b", "1:4: !GetAtt is written as Resource.Attribute"},
             {"[a]: b", "1:1: a key must be a plain text"},
             {"? {a: 1}\n: b", "1:3: a key must be a plain text"},
             {"!Ref a: b", "1:1: a key must be a plain text"},
             {"~: b", "1:1: a key must be a plain text"},
             {"a: &x [*x]", "1:8: an alias inside the value that it names"},
             {"a: {<<: 3}", "1:9: << takes a map or a list of maps"},
             {"a: {<<: {b: 1}, <<: {c: 1}}", "1:17: the key << is there twice: first at 1:5"},
             {"a: [1, 2", "1:1: end of sequence flow not found"},
             {"a: *nowhere", "1:4: the referenced anchor is not defined"},
             {"a: b: c", "1:5: illegal map value"},
         })
        EXPECT_EQ(shown(yaml), expected) << yaml;
}

TEST(TemplateYaml, BombsEndAtTheirLimits) {
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) laughs += "*a" + std::to_string(i - 1) + ", ";
        laughs += "]\n";
    }
    EXPECT_NE(shown(laughs).find("more than 200000 values after aliases are expanded"),
              std::string::npos);

    EXPECT_EQ(shown(std::string(100, '[') + std::string(100, ']')),
              "1:65: nested deeper than 64 levels");
    // Each anchor one level deeper than the one before.
    std::string deep = "a0: &a0 [x]\n";
    for (int i = 1; i < 100; ++i)
        deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                std::to_string(i - 1) + "]\n";
    EXPECT_NE(shown(deep).find("nested deeper than 64 levels"), std::string::npos);

    std::string wide;
    for (int i = 0; i < 5'010; ++i) wide += "k" + std::to_string(i) + ": 1\n";
    EXPECT_EQ(shown(wide), "5001:1: more than 5000 keys in one map");
}

}  // namespace
}  // namespace meridian::deploy
