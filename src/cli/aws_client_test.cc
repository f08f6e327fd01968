#include "cli/aws_client.h"

#include <gtest/gtest.h>

namespace meridian::cli {
namespace {

using nlohmann::json;

TEST(QueryForm, ListsAndMembersAreNumbered) {
    EXPECT_EQ(format_query("CreateRole", {{"RoleName", "r"},
                                          {"Tags", {{{"Key", "a b"}, {"Value", "1"}}}},
                                          {"MaxItems", 5}}),
              "Action=CreateRole&MaxItems=5&RoleName=r&Tags.member.1.Key=a%20b&Tags.member.1."
              "Value=1");
}

TEST(QueryAnswer, IsTheResultsMembers) {
    auto const answer = parse_query_answer(
        "<ListRolesResponse xmlns=\"x\"><ListRolesResult><IsTruncated>false</IsTruncated><Roles>"
        "<member><RoleName>a&amp;b</RoleName></member><member><RoleName>c</RoleName></member>"
        "</Roles></ListRolesResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</ListRolesResponse>");
    EXPECT_EQ(answer.value(), (json{{"IsTruncated", "false"},
                                    {"Roles", {{{"RoleName", "a&b"}}, {{"RoleName", "c"}}}}}));
}

TEST(QueryAnswer, IsTheErrorsMembers) {
    auto const answer = parse_query_answer(
        "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code></Error>"
        "<RequestId>1</RequestId></ErrorResponse>");
    EXPECT_EQ(answer.value(), (json{{"Type", "Sender"}, {"Code", "NoSuchEntity"}}));
}

TEST(QueryAnswer, AnswersWithoutAResultAreEmpty) {
    EXPECT_EQ(
        parse_query_answer("<DeleteRoleResponse><ResponseMetadata/></DeleteRoleResponse>").value(),
        json::object());
}

TEST(QueryAnswer, TextsAreUtf8) {
    EXPECT_EQ(parse_query_answer("<R><RResult><A>\xff</A></RResult></R>").value()["A"], "\uFFFD");
}

TEST(QueryAnswer, BadBytesAreAnError) {
    for (auto const* const text : {"", "<", "<a>", "<a><b></a>", "{}", "text"})
        EXPECT_FALSE(parse_query_answer(text)) << text;
}

}  // namespace
}  // namespace meridian::cli
