#include "base/json_writer.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(JsonWriter, WritesMembersInTheirOrder) {
    JsonWriter out;
    out.begin_object();
    out.member("b", 1);
    out.member("a", -7L);
    out.member("large", 18'446'744'073'709'551'615ULL);
    out.member("yes", true);
    out.member("literal", "text");
    out.member("list", std::vector<std::string>{"x", "y"});
    out.member("map", std::map<std::string, std::string>{{"k", "v"}, {"l", ""}});
    out.member_with_content("none", "");
    out.member_with_content("some", "z");
    out.begin_object("inner");
    out.end_object();
    out.begin_array("empty");
    out.end_array();
    out.end_object();
    EXPECT_EQ(out.text(),
              R"({"b":1,"a":-7,"large":18446744073709551615,"yes":true,"literal":"text",)"
              R"("list":["x","y"],"map":{"k":"v","l":""},"some":"z","inner":{},"empty":[]})");
}

TEST(JsonWriter, EscapesWhatJsonDoesNotTakeAndNothingElse) {
    using namespace std::string_literals;
    JsonWriter out;
    out.value("\"\\/\b\f\n\r\t\x01\x1f\x7f h\u00e4llo \u20ac \U0001f600\0."s);
    EXPECT_EQ(out.text(),
              "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f h\u00e4llo \u20ac "
              "\U0001f600\\u0000.\"");
}

}  // namespace
}  // namespace meridian
