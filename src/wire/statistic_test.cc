#include "wire/statistic.h"

#include <gtest/gtest.h>

namespace meridian::wire {
namespace {

TEST(Percentile, IsReadFromItsName) {
    struct Case {
        char const* text;
        std::optional<double> value;
    };
    for (auto const& [text, value] :
         {Case{"p99", 99},   {"p99.9", 99.9}, {"p0", 0},   {"p100", 100}, {"P50", 50},
          {"p99.99", 99.99}, {"p0.01", 0.01}, {"p5.", {}}, {"p", {}},     {"p.5", {}},
          {"p101", {}},      {"p100.1", {}},  {"p9x", {}}, {"p-1", {}},   {"p99.999", {}},
          {"tm99", {}},      {"PR(1:2)", {}}, {"99", {}},  {"", {}},      {"p 1", {}},
          {"p1000", {}}}) {
        auto const found = parse_percentile(text);
        ASSERT_EQ(found.has_value(), value.has_value()) << text;
        if (value) EXPECT_DOUBLE_EQ(*found, *value) << text;
    }
}

}  // namespace
}  // namespace meridian::wire
