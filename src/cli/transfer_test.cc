// What the command line adds to transfer/: progress, and AWS's own endpoints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/aws_services.h"
#include "cli/count_line.h"

namespace meridian::cli {
namespace {

using testing::ElementsAre;

TEST(CountLine, IsALineThatChangesOnATerminalAndLinesElsewhere) {
    ManualClock clock;
    std::vector<std::string> printed;
    auto const print = [&](std::string_view text) { printed.emplace_back(text); };
    CountLine pipe(print, false, clock);
    pipe.step("read", 1, 2, "function a");
    pipe.finish();
    EXPECT_THAT(printed, ElementsAre("[1/2] read function a\n"));

    printed.clear();
    CountLine terminal(print, true, clock);
    terminal.step("read", 0, 10, "begin");
    clock.advance(std::chrono::seconds(30));
    terminal.step("read", 2, 10, "function b");
    terminal.step("write", 1, 1, "file");
    terminal.finish();
    EXPECT_THAT(printed, ElementsAre("\r\x1b[K[0/10] read begin",
                                     "\r\x1b[K[2/10] read function b, 2 min 0 s left",
                                     "\r\x1b[K[1/1] write file", "\r\x1b[K"));
}

TEST(AwsEndpoints, AreOneAService) {
    Connection connection{.host = "lambda.eu-west-1.amazonaws.com",
                          .port = "443",
                          .region = "eu-west-1",
                          .access_key_id = "a",
                          .secret_access_key = "b",
                          .tls = true};
    EXPECT_TRUE(is_aws(connection));
    EXPECT_EQ(aws_endpoint("eu-west-1"), "https://lambda.eu-west-1.amazonaws.com");
    auto const iam = aws_connection(connection, "iam");
    EXPECT_EQ(iam.host, "iam.amazonaws.com");
    EXPECT_EQ(iam.region, "us-east-1");
    EXPECT_EQ(iam.access_key_id, "a");
    EXPECT_EQ(aws_connection(connection, "sts").host, "sts.eu-west-1.amazonaws.com");
    for (auto const* const host : {"127.0.0.1", "lambda.example.com", "s3.amazonaws.com"}) {
        connection.host = host;
        EXPECT_FALSE(is_aws(connection)) << host;
    }
}

}  // namespace
}  // namespace meridian::cli
