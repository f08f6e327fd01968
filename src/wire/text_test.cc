// The small parsers: times, percent-encoding, UTF-8.

#include <gtest/gtest.h>

#include "wire/event_time.h"
#include "wire/shown_json.h"
#include "wire/uri.h"
#include "wire/utf8.h"

namespace meridian::wire {
namespace {

using namespace std::chrono_literals;

WallTime const kTime = WallTime{1'709'253'296s} + 789'654us;  // 2024-03-01T00:34:56.789654Z

TEST(EventTime, HasAwsForms) {
    EXPECT_EQ(format_last_modified(kTime), "2024-03-01T00:34:56.789+0000");
    EXPECT_EQ(format_iso8601(kTime), "2024-03-01T00:34:56Z");
    EXPECT_EQ(format_iso8601_ms(kTime), "2024-03-01T00:34:56.789Z");
    EXPECT_EQ(format_amz_date(kTime), "20240301T003456Z");
    EXPECT_EQ(format_http_date(kTime), "Fri, 01 Mar 2024 00:34:56 GMT");
    EXPECT_EQ(format_iso8601(WallTime{-1us}), "1969-12-31T23:59:59Z");
}

TEST(EventTime, ReadsWhatItWrites) {
    auto const second = std::chrono::floor<std::chrono::seconds>(kTime);
    EXPECT_EQ(parse_amz_date("20240301T003456Z"), second);
    EXPECT_EQ(parse_http_date("Fri, 01 Mar 2024 00:34:56 GMT"), second);
    EXPECT_EQ(parse_iso8601("2024-03-01T00:34:56Z"), second);
    EXPECT_EQ(parse_iso8601("2024-03-01T00:34:56.789654321Z"), kTime);
    EXPECT_EQ(parse_iso8601("2024-03-01T02:34:56.789654+02:00"), kTime);
    EXPECT_EQ(parse_iso8601("2024-02-29T19:04:56.789654-0530"), kTime);
}

TEST(EventTime, RefusesWhatIsNoTime) {
    for (auto const* const text : {"", "20240301", "20240301T003456", "20240301T003456z",
                                   "20241301T003456Z", "20240230T003456Z", "20240301T243456Z",
                                   "20240301T006056Z", "20240301T003456Z ", "-0240301T003456Z"}) {
        EXPECT_FALSE(parse_amz_date(text).has_value()) << text;
    }
    for (auto const* const text :
         {"", "Fri 01 Mar 2024 00:34:56 GMT", "Fri, 1 Mar 2024 00:34:56 GMT",
          "Fri, 01 Mrz 2024 00:34:56 GMT", "Fri, 01 Mar 2024 00:34:56 UTC"}) {
        EXPECT_FALSE(parse_http_date(text).has_value()) << text;
    }
    for (auto const* const text : {"", "2024-03-01", "2024-03-01T00:34:56", "2024-03-01T00:34:56.Z",
                                   "2024-03-01T00:34:56+2"}) {
        EXPECT_FALSE(parse_iso8601(text).has_value()) << text;
    }
}

TEST(Uri, EncodesAllButTheUnreserved) {
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded("a/b c+\xff"), "a%2Fb%20c%2B%FF");
    EXPECT_EQ(percent_encoded("a/b", Slash::kKeep), "a/b");
}

TEST(Uri, DecodesWhatIsEncoded) {
    EXPECT_EQ(percent_decoded("a%2Fb%2fc"), "a/b/c");
    EXPECT_EQ(percent_decoded("%"), "%");
    EXPECT_EQ(percent_decoded("%2"), "%2");
    EXPECT_EQ(percent_decoded("%zz"), "%zz");
    EXPECT_EQ(percent_decoded("a+b"), "a+b");
    EXPECT_EQ(percent_decoded("a+b", Plus::kIsSpace), "a b");
    EXPECT_EQ(percent_decoded_text("%c3%a9%c3"), "\xc3\xa9\xEF\xBF\xBD");
    std::string every(256, '\0');
    for (int i = 0; i < 256; ++i) every[i] = static_cast<char>(i);
    EXPECT_EQ(percent_decoded(percent_encoded(every)), every);
}

TEST(Uri, SplitsQueries) {
    auto const pairs = split_query("a=1&&b&=c&d=e=f&");
    std::vector<EncodedPair> const expected = {{"a", "1"}, {"b", ""}, {"", "c"}, {"d", "e=f"}};
    EXPECT_EQ(pairs, expected);
    EXPECT_TRUE(split_query("").empty());
}

// Unicode 15, table 3-7 at its edges.
TEST(Utf8, KnowsWellFormedSequences) {
    for (std::string_view const good :
         {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
          "plain text of more than eight bytes \xc3\xa9"}) {
        EXPECT_TRUE(is_utf8(good));
        EXPECT_EQ(to_valid_utf8(good), good);
    }
    for (std::string_view const bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff"}) {
        EXPECT_FALSE(is_utf8(bad));
        EXPECT_TRUE(is_utf8(to_valid_utf8(bad)));
    }
}

TEST(Utf8, CutsBetweenCharacters) {
    EXPECT_EQ(utf8_prefix("a\xc3\xa9z", 2), "a");
    EXPECT_EQ(utf8_prefix("a\xc3\xa9z", 3), "a\xc3\xa9");
    EXPECT_EQ(utf8_prefix("abc", 10), "abc");
    EXPECT_EQ(utf8_prefix("\xc3\xa9", 0), "");
    EXPECT_EQ(utf8_length("a\xc3\xa9\xf0\x9f\x98\x80"), 3u);
}

TEST(ShownJson, IsOneLineAndCutWithinNoCharacter) {
    EXPECT_EQ(shown_json({{"a", {1, "b"}}}, 20), R"({"a":[1,"b"]})");
    EXPECT_EQ(shown_json("abc", 5), R"("abc")");
    EXPECT_EQ(shown_json("abcd", 5), R"("abcd…)");
    EXPECT_EQ(shown_json("ab\xc3\xa9z", 4), R"("ab…)");
    EXPECT_EQ(shown_json("\xff", 9), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace meridian::wire
