#include "wire/json_grammar.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace meridian::wire {
namespace {

TEST(JsonGrammar, AgreesWithEveryFileOfJsonTestSuite) {
    int accepted = 0;
    int refused = 0;
    for (auto const& entry :
         std::filesystem::directory_iterator(MERIDIAN_SOURCE_DIR "/tests/vectors/json")) {
        auto const name = entry.path().filename().string();
        std::ifstream in(entry.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), {}};
        auto const fault = find_json_fault(bytes);
        if (name.starts_with("y_")) {
            ++accepted;
            EXPECT_FALSE(fault.has_value()) << name << ": " << fault->text;
        } else if (name.starts_with("n_")) {
            ++refused;
            EXPECT_TRUE(fault.has_value()) << name;
            if (fault) EXPECT_FALSE(payload_fault_message(bytes, *fault).empty());
        }
    }
    EXPECT_EQ(accepted, 95);
    EXPECT_EQ(refused, 188);
}

TEST(JsonGrammar, AcceptsWhatTheGrammarAllows) {
    for (std::string_view const text :
         {"{}", "[]", " null ", "0", "-0", "1e5", "0.5E-3", R"("\ud800")",
          R"("\uD834\uDD1E\\\/\b")", "\"\x7f\"", "[1,[2,{\"a\":[]}],\"b\"]", "{\"a\":1,\"a\":2}",
          "\"\xf0\x9f\x98\x80 and more than eight\"", "123456789012345678901234567890e999999999"}) {
        EXPECT_FALSE(find_json_fault(text).has_value()) << text;
    }
}

TEST(JsonGrammar, SaysWhereAndHowLikeTheServicesParser) {
    using Kind = JsonFault::Kind;
    struct {
        std::string_view bytes;
        Kind kind;
        std::size_t offset;
        char const* text;
    } const cases[] = {
        // Recorded from the service.
        {"\x99", Kind::kUnexpectedCharacter, 0,
         "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, "
         "Number, Array, Object or "
         "token 'null', 'true' or 'false')"},
        {"\"\x87\"", Kind::kInvalidUtf8, 1, "Invalid UTF-8 start byte 0x87"},
        {"n\x87r\x9e\xe9", Kind::kInvalidUtf8, 1, "Invalid UTF-8 start byte 0x87"},
        // Jackson's texts for the rest.
        {"", Kind::kUnexpectedEnd, 0, "No content to map due to end-of-input"},
        {"hello world", Kind::kUnknownToken, 0,
         "Unrecognized token 'hello': was expecting (JSON String, Number, Array, Object or token "
         "'null', 'true' or "
         "'false')"},
        {"nul", Kind::kUnknownToken, 0,
         "Unrecognized token 'nul': was expecting (JSON String, Number, Array, Object or token "
         "'null', 'true' or "
         "'false')"},
        {"{a:1}", Kind::kUnexpectedCharacter, 1,
         "Unexpected character ('a' (code 97)): was expecting double-quote to start field name"},
        {"{\"a\" 1}", Kind::kUnexpectedCharacter, 5,
         "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and "
         "value"},
        {"{\"a\":1 \"b\"", Kind::kUnexpectedCharacter, 7,
         "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries"},
        {"[1 2]", Kind::kUnexpectedCharacter, 3,
         "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"},
        {"[1,]", Kind::kUnexpectedCharacter, 3,
         "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, "
         "Array, Object or token "
         "'null', 'true' or 'false')"},
        {"[1", Kind::kUnexpectedEnd, 2, "Unexpected end-of-input: expected close marker for Array"},
        {"{\"a\":", Kind::kUnexpectedEnd, 5,
         "Unexpected end-of-input: expected close marker for Object"},
        {"\"abc", Kind::kUnexpectedEnd, 4, "Unexpected end-of-input in VALUE_STRING"},
        {"\"a\nb\"", Kind::kControlCharacter, 2,
         "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to "
         "be included in "
         "string value"},
        {R"("\x")", Kind::kInvalidEscape, 2, "Unrecognized character escape 'x' (code 120)"},
        {R"("\u12g4")", Kind::kInvalidEscape, 5,
         "Unexpected character ('g' (code 103)): expected a hex-digit for character escape "
         "sequence"},
        {"012", Kind::kInvalidNumber, 1, "Invalid numeric value: Leading zeroes not allowed"},
        {"1.e5", Kind::kInvalidNumber, 2,
         "Unexpected character ('e' (code 101)) in numeric value: Decimal point not followed by a "
         "digit"},
        {"-", Kind::kUnexpectedEnd, 1, "Unexpected end-of-input in VALUE_NUMBER"},
        {"\"\xed\xa0\x80\"", Kind::kInvalidUtf8, 1, "Invalid UTF-8 middle byte 0x22"},
        {"{} {}", Kind::kUnexpectedCharacter, 3,
         "Unexpected character ('{' (code 123)): expected no more content after the JSON value"},
    };
    for (auto const& c : cases) {
        SCOPED_TRACE(c.bytes);
        auto const fault = find_json_fault(c.bytes);
        ASSERT_TRUE(fault.has_value());
        EXPECT_EQ(fault->kind, c.kind);
        EXPECT_EQ(fault->offset, c.offset);
        EXPECT_EQ(fault->text, c.text);
    }
}

TEST(JsonGrammar, NamesLineAndColumn) {
    std::string_view const bytes = "{\n  \"a\": x}";
    EXPECT_EQ(payload_fault_message(bytes, *find_json_fault(bytes)),
              "Could not parse request body into json: Could not parse payload into json: "
              "Unrecognized token 'x': was "
              "expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n "
              "at [Source: REDACTED "
              "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 2, column: 8]");
}

TEST(JsonGrammar, StopsAtItsDepth) {
    auto const nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_FALSE(find_json_fault(nested(kJsonDepthMax)).has_value());
    auto const fault = find_json_fault(nested(kJsonDepthMax + 1));
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->kind, JsonFault::Kind::kTooDeep);
    // A million is no more work than that.
    EXPECT_EQ(find_json_fault(std::string(1'000'000, '['))->offset, kJsonDepthMax);
}

// The eight-at-a-time scan sees a special byte at every place of a word.
TEST(JsonGrammar, FindsASpecialByteAtEveryAlignment) {
    for (std::size_t at = 0; at < 40; ++at) {
        for (char const special : {'\x01', '\x1f', '\x80', '\xff', '\0'}) {
            std::string text = "\"" + std::string(40, 'x') + "\"";
            text[1 + at] = special;
            auto const fault = find_json_fault(text);
            ASSERT_TRUE(fault.has_value()) << at;
            EXPECT_EQ(fault->offset, 1 + at);
        }
        for (char const fine : {'\x20', '\x21', '\x7f', '#', '[', ']'}) {
            std::string text = "\"" + std::string(40, 'x') + "\"";
            text[1 + at] = fine;
            EXPECT_FALSE(find_json_fault(text).has_value()) << at;
        }
    }
}

}  // namespace
}  // namespace meridian::wire
