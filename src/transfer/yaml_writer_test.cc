#include "transfer/yaml_writer.h"

#include <random>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace meridian::transfer {
namespace {

using nlohmann::json;

// As YAML's core schema reads a plain scalar; quoted ones and blocks are texts.
json read_scalar(YAML::Node const& node) {
    auto const& text = node.Scalar();
    if (node.Tag() == "!") return text;
    if (text == "null" || text == "~" || text.empty()) return nullptr;
    if (text == "true") return true;
    if (text == "false") return false;
    auto const number = json::parse(text, nullptr, false);
    return number.is_number() ? number : json(text);
}

json read(YAML::Node const& node) {
    switch (node.Type()) {
        case YAML::NodeType::Scalar:
            return read_scalar(node);
        case YAML::NodeType::Sequence: {
            json out = json::array();
            for (auto const& item : node) out.push_back(read(item));
            return out;
        }
        case YAML::NodeType::Map: {
            json out = json::object();
            for (auto const& item : node) out[item.first.Scalar()] = read(item.second);
            return out;
        }
        default:
            return nullptr;
    }
}

json read_back(std::string const& text) { return read(YAML::Load(text)); }

TEST(YamlText, IsReadable) {
    EXPECT_EQ(yaml_text({{"Resources",
                          {{"F",
                            {{"Code", "line one\n  line two\n"},
                             {"List", {"a", {{"k", 1}, {"l", {1, 2}}}, json::array()}},
                             {"Version", "2012-10-17"},
                             {"Yes", "yes"}}}}},
                         {"Transform", "AWS::Serverless-2016-10-31"},
                         {"AWSTemplateFormatVersion", "2010-09-09"}},
                        {"AWSTemplateFormatVersion", "Transform"}),
              R"(AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Code: |
      line one
        line two
    List:
      - a
      - k: 1
        l:
          - 1
          - 2
      - []
    Version: "2012-10-17"
    "Yes": "yes"
)");
}

TEST(YamlText, TextsStayTexts) {
    for (auto const* const text : {"",
                                   " ",
                                   "a",
                                   "1",
                                   "1.5",
                                   "0x1f",
                                   "1e3",
                                   "1_000",
                                   "+1",
                                   "-",
                                   "- a",
                                   ".5",
                                   ".inf",
                                   "true",
                                   "No",
                                   "on",
                                   "~",
                                   "null",
                                   "NULL",
                                   "y",
                                   "a: b",
                                   "a:",
                                   "a :b",
                                   "a #b",
                                   "#a",
                                   "a#b",
                                   "!x",
                                   "&x",
                                   "*x",
                                   "%x",
                                   "@x",
                                   "`x",
                                   "{a}",
                                   "[a]",
                                   "a,b",
                                   "|",
                                   ">",
                                   "'a'",
                                   "\"a\"",
                                   "\\n",
                                   "a\nb",
                                   "a\n",
                                   "a\n\n",
                                   "\na",
                                   " a\nb",
                                   "a \nb",
                                   "a\n b\n",
                                   "a\tb\n",
                                   "a\n\tb",
                                   "a\r\nb",
                                   "\x7f",
                                   "ä",
                                   "日本\nö",
                                   "\u0085",
                                   "\u2028",
                                   "\ufeff",
                                   "12:30:45",
                                   "2001-01-01",
                                   "0o17",
                                   "a\u0001",
                                   "<<",
                                   "=",
                                   "---",
                                   "...",
                                   "a\n---\nb",
                                   "a\n\n\nb",
                                   "\U0001F600",
                                   "%YAML 1.2",
                                   "a  b",
                                   "${x}",
                                   "key: |\n  x\n"}) {
        json const value = {{"k", text}, {"list", {text, {text}}}};
        EXPECT_EQ(read_back(yaml_text(value)), value) << yaml_text(value);
        json const keyed = {{text, {{text, text}}}};
        EXPECT_EQ(read_back(yaml_text(keyed)), keyed) << yaml_text(keyed);
        EXPECT_EQ(read_back(yaml_text(json(text))), json(text));
    }
}

// Any value, with texts that are made of what is dangerous.
json random_value(std::mt19937_64& random, int depth) {
    auto const pick = [&](std::uint64_t below) { return random() % below; };
    auto const text = [&] {
        static std::vector<std::string> const pieces = {
            "a",  "B",   "0",    "9",   " ",          "  ",   ":", "-", "#", "\n",
            "\t", "\"",  "'",    "\\",  "{",          "[",    ",", "&", "*", "!",
            "|",  ">",   "%",    "@",   "?",          "~",    ".", "=", "ä", "\u2028",
            "\r", "yes", "null", "1.0", "\U0001F600", "\x01", "]", "}", "/", "$"};
        std::string out;
        for (auto n = pick(8); n-- > 0;) out += pieces[pick(pieces.size())];
        return out;
    };
    switch (depth > 3 ? pick(5) : pick(7)) {
        case 0:
            return nullptr;
        case 1:
            return pick(2) == 0;
        case 2:
            return static_cast<std::int64_t>(random()) / 1000;
        case 3:
            return static_cast<double>(pick(1000)) * (pick(2) == 0 ? 0.125 : 1e20);
        case 5: {
            json out = json::array();
            for (auto n = pick(4); n-- > 0;) out.push_back(random_value(random, depth + 1));
            return out;
        }
        case 6: {
            json out = json::object();
            for (auto n = pick(4); n-- > 0;) out[text()] = random_value(random, depth + 1);
            return out;
        }
        default:
            return text();
    }
}

TEST(YamlText, EveryValueComesBack) {
    constexpr std::uint64_t kSeed = 20'261'128;
    std::mt19937_64 random(kSeed);
    for (int n = 0; n < 5'000; ++n) {
        auto const value = random_value(random, 0);
        auto const text = yaml_text(value);
        ASSERT_EQ(read_back(text), value) << "value " << n << ":\n" << text;
    }
}

}  // namespace
}  // namespace meridian::transfer
