#include "builds/build_log.h"

#include <gtest/gtest.h>

namespace meridian::builds {
namespace {

TEST(BuildLog, ShowsWholeLinesUntilItsEnd) {
    BuildLog log(100, 10);
    log.append("one\ntw");
    EXPECT_EQ(log.shown_from(0), "one\n");
    log.append("o\nthree");
    EXPECT_EQ(log.shown_from(4), "two\n");
    EXPECT_EQ(log.shown_from(8), "");
    log.finish();
    EXPECT_EQ(log.shown_from(8), "three\n");
    EXPECT_EQ(log.shown_from(1000), "");
}

TEST(BuildLog, KeepsTheBeginningAndTheEnd) {
    BuildLog log(10, 6);
    log.append("0123456789");
    for (int i = 0; i < 1000; ++i) log.append("abcdefgh");
    log.append("END");
    log.finish();
    auto const text = log.shown_from(0);
    EXPECT_TRUE(text.starts_with("0123456789\n[7997 bytes are left out here]\n")) << text;
    EXPECT_TRUE(text.ends_with("fghEND\n")) << text;
}

TEST(BuildLog, LosesNothingThatFits) {
    BuildLog log(4, 6);
    log.append("abcdefghij");
    log.finish();
    EXPECT_EQ(log.shown_from(0), "abcdefghij\n");
}

// What a follower was shown never changes.
TEST(BuildLog, OnlyGrows) {
    BuildLog log(64, 16);
    std::string seen;
    for (int i = 0; i < 50; ++i) {
        log.append("line " + std::to_string(i) + "\n");
        seen += log.shown_from(seen.size());
    }
    log.finish();
    EXPECT_TRUE(log.shown_from(0).starts_with(seen));
    EXPECT_TRUE(log.shown_from(0).ends_with("line 49\n"));
}

}  // namespace
}  // namespace meridian::builds
