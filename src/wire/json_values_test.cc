#include "wire/json_values.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace meridian::wire {
namespace {

using nlohmann::json;

// Where the grammar allows the text; types of numbers count.
void expect_as_the_library_reads(std::string const& bytes, std::string const& name) {
    auto const read = parse_json(bytes);
    ASSERT_EQ(read.has_value(), !find_json_fault(bytes).has_value()) << name;
    if (!read) return;
    auto const theirs = json::parse(bytes, nullptr, false);
    ASSERT_EQ(read->is_discarded(), theirs.is_discarded()) << name;
    if (theirs.is_discarded()) return;
    EXPECT_EQ(*read, theirs) << name;
    EXPECT_EQ(json::to_cbor(*read), json::to_cbor(theirs)) << name;
}

TEST(JsonValues, AreThoseOfTheLibraryForEveryFileOfJsonTestSuite) {
    std::size_t files = 0;
    for (auto const& entry :
         std::filesystem::directory_iterator(MERIDIAN_SOURCE_DIR "/tests/vectors/json")) {
        std::ifstream in(entry.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), {}};
        expect_as_the_library_reads(bytes, entry.path().filename().string());
        ++files;
    }
    EXPECT_GE(files, 95U + 188U);
}

TEST(JsonValues, AreThoseOfTheLibrary) {
    for (std::string const text : {"{}",
                                   "[]",
                                   " null ",
                                   "true",
                                   "[false]",
                                   "0",
                                   "-0",
                                   "-1",
                                   "1e5",
                                   "0.5E-3",
                                   "1e-400",
                                   "1e400",
                                   "-1e400",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "18446744073709551615",
                                   "18446744073709551616",
                                   "-9223372036854775808",
                                   "-9223372036854775809",
                                   "1.0",
                                   R"("\ud800")",
                                   R"("\udc00")",
                                   R"("\ud800x")",
                                   R"("\ud800\n")",
                                   R"("\ud800\ud800")",
                                   R"("\uD834\uDD1E\\\/\b\f\n\r\t\"")",
                                   R"("\u0000\u007f\u0080\u07ff\u0800\uffff")",
                                   R"("\udbff\udfff")",
                                   "\"\x7f\"",
                                   R"([1,[2,{"a":[]},[{}]],"b"])",
                                   R"({"a":1,"a":2})",
                                   R"({"a":{"b":1},"a":{"c":[1,2]},"b":null})",
                                   R"({"\u0061":1,"a b":[{"x":{}}]})",
                                   "\"\xf0\x9f\x98\x80 and more than eight\""}) {
        expect_as_the_library_reads(text, text);
    }
}

TEST(JsonValues, AFaultIsTheGrammars) {
    for (std::string const text : {"", "{", "[1,", R"({"a" 1})", "nul", "\"\xff\"", "[1]x"}) {
        auto const fault = find_json_fault(text);
        auto const read = parse_json(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().text, fault->text);
        EXPECT_EQ(read.error().offset, fault->offset);
    }
    std::string deep(2 * kJsonDepthMax, '[');
    EXPECT_EQ(parse_json(deep).error().kind, JsonFault::Kind::kTooDeep);
    deep = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
    EXPECT_TRUE(parse_json(deep));
}

}  // namespace
}  // namespace meridian::wire
