#include "control/filter_pattern.h"

#include <gtest/gtest.h>

namespace meridian::control {
namespace {

using nlohmann::json;

TEST(FilterPattern, IsWhatTheGuidesShow) {
    for (auto const* const text :
         {R"({"body":{"a":["x"]}})", R"({"a":[1,true,null,"x",""]})", R"({"a":[{"prefix":"x"}]})",
          R"({"a":[{"prefix":{"equals-ignore-case":"x"}}]})", R"({"a":[{"suffix":"x"}]})",
          R"({"a":[{"equals-ignore-case":"x"}]})", R"({"a":[{"exists":true}]})",
          R"({"a":[{"numeric":["=",100]}]})", R"({"a":[{"numeric":[">",10,"<=",20]}]})",
          R"({"a":[{"anything-but":"x"}]})", R"({"a":[{"anything-but":["x",1]}]})",
          R"({"a":[{"anything-but":{"prefix":"x"}}]})",
          R"({"a":[{"anything-but":{"suffix":["x","y"]}}]})", R"({"a":[{"wildcard":"x*"}]})",
          R"({"a":[{"cidr":"10.0.0.0/24"}]})",
          R"({"$or":[{"a":["x"]},{"b":[{"exists":false}]}],"c":["z"]})"}) {
        EXPECT_TRUE(is_filter_pattern(json::parse(text))) << text;
    }
}

// The first four are recorded.
TEST(FilterPattern, NothingElseIs) {
    for (auto const* const text : {R"(null)",
                                   R"("simple string")",
                                   R"({"eventSource":"aws:sqs"})",
                                   R"({"eventSource":[]})",
                                   R"({})",
                                   R"([])",
                                   R"({"a":{}})",
                                   R"({"a":1})",
                                   R"({"a":null})",
                                   R"({"a":[["x"]]})",
                                   R"({"a":[{}]})",
                                   R"({"a":[{"foo":"x"}]})",
                                   R"({"a":[{"prefix":"x","suffix":"y"}]})",
                                   R"({"a":[{"prefix":1}]})",
                                   R"({"a":[{"exists":"x"}]})",
                                   R"({"a":[{"numeric":["<"]}]})",
                                   R"({"a":[{"numeric":["<","1"]}]})",
                                   R"({"a":[{"numeric":[1,"<"]}]})",
                                   R"({"a":[{"numeric":[">",1,"<"]}]})",
                                   R"({"a":[{"anything-but":[]}]})",
                                   R"({"a":[{"anything-but":{"exists":true}}]})",
                                   R"({"$or":[]})",
                                   R"({"$or":["x"]})",
                                   R"({"$or":{"a":["x"]}})"}) {
        EXPECT_FALSE(is_filter_pattern(json::parse(text))) << text;
    }
}

}  // namespace
}  // namespace meridian::control
