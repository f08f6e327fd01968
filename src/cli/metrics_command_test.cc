#include "cli/metrics_command.h"

#include <gtest/gtest.h>

namespace meridian::cli {
namespace {

using namespace std::chrono_literals;

TEST(Span, IsReadAsPeopleWriteIt) {
    for (auto const& [text, span] :
         {std::pair{"90", 90s}, {"90s", 90s}, {"5m", 300s}, {"2h", 7'200s}, {"1d", 86'400s}}) {
        auto const found = parse_span(text);
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(*found, span) << text;
    }
}

TEST(Span, IsRefusedWhenItIsNoneOrLongerThanMetricsAreKept) {
    for (auto const* const text : {"", "m", "0", "0m", "-5m", "5 m", "5mm", "5w", "25h", "2d",
                                   "99999999999999999999", "4294967295d"}) {
        auto const found = parse_span(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, Errc::kInvalidParameterValue) << text;
    }
}

}  // namespace
}  // namespace meridian::cli
