#include "wire/query_xml.h"

#include <gtest/gtest.h>

namespace meridian::wire {
namespace {

using nlohmann::json;

Result<QueryCall> call(Service service, std::string body) {
    return decode_query(service, {"POST", "/", {}, std::move(body), {}});
}

TEST(Query, ReadsStructuresAndLists) {
    auto const role = call(
        Service::kIam,
        "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Path=%2Fa%"
        "2F&"
        "MaxSessionDuration=7200&Tags.member.2.Key=second&Tags.member.2.Value=&Tags.member.1.Key="
        "first+one"
        "&Tags.member.1.Value=v%2B1&Tags.member.10.Key=tenth&Tags.member.10.Value=x&Unknown=1");
    ASSERT_TRUE(role.has_value()) << role.error().message;
    EXPECT_EQ(role->operation->id, OperationId::kIamCreateRole);
    EXPECT_EQ(role->input,
              json::parse(R"({"RoleName":"r","AssumeRolePolicyDocument":"{}","Path":"/a/",
        "MaxSessionDuration":7200,"Tags":[{"Key":"first one","Value":"v+1"},{"Key":"second","Value":""},
        {"Key":"tenth","Value":"x"}]})"));

    auto const by_get = decode_query(
        Service::kSts, {"GET", "/?Action=GetCallerIdentity&Version=2011-06-15", {}, {}, {}});
    ASSERT_TRUE(by_get.has_value());
    EXPECT_EQ(by_get->operation->id, OperationId::kStsGetCallerIdentity);
    EXPECT_EQ(by_get->input, json::object());
    // A list of strings, and an empty one.
    auto const untag =
        call(Service::kIam, "Action=UntagRole&RoleName=r&TagKeys.member.1=a&TagKeys.member.2=b");
    ASSERT_TRUE(untag.has_value()) << untag.error().message;
    EXPECT_EQ(untag->input.at("TagKeys"), (json{"a", "b"}));
    EXPECT_EQ(call(Service::kIam, "Action=UntagRole&RoleName=r&TagKeys=")->input.at("TagKeys"),
              json::array());
}

TEST(Query, RefusesUnknownActionsAndVersions) {
    for (auto const* const body : {"", "Action=", "Action=Nonsense", "Action=GetCallerIdentity",
                                   "Action=ListRoles&Version=1999-01-01"}) {
        auto const result = call(Service::kIam, body);
        ASSERT_FALSE(result.has_value()) << body;
        EXPECT_EQ(result.error().code, Errc::kUnknownOperation) << body;
    }
    EXPECT_EQ(call(Service::kIam, "Action=Nonsense&Version=2010-05-08").error().message,
              "Could not find operation Nonsense for version 2010-05-08");
}

TEST(Query, NamesBrokenConstraintsAsIamDoes) {
    std::string const name(65, 'r');  // is not shown again (recorded 2026-02)
    struct {
        std::string body;
        Errc code;
        std::string message;
    } const cases[] = {
        {"Action=GetRole", Errc::kValidation,
         "1 validation error detected: Value at 'roleName' failed to satisfy constraint: "
         "Member must not be null"},
        {"Action=GetRole&RoleName=" + name, Errc::kValidation,
         "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member "
         "must have length less than or "
         "equal to 64"},
        {"Action=GetRole&RoleName=a%2Fb", Errc::kValidation,
         "The specified value for roleName is invalid. It must contain only alphanumeric "
         "characters and/or the "
         "following: +=,.@_-"},
        {"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Path=x", Errc::kValidation,
         "The specified value for path is invalid. It must begin and end with / and contain only "
         "alphanumeric "
         "characters and/or / characters."},
        {"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=60",
         Errc::kValidation,
         "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy "
         "constraint: Member must "
         "have value greater than or equal to 3600"},
        {"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Value=v",
         Errc::kValidation,
         "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy "
         "constraint: Member must not "
         "be null"},
        {"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=long",
         Errc::kSerialization, "STRING_VALUE can not be converted to an Integer"},
        {"Action=UntagRole&RoleName=r&TagKeys.member.x=1", Errc::kValidation,
         "Malformed parameter TagKeys.member.x"},
    };
    for (auto const& c : cases) {
        auto const result = call(Service::kIam, c.body);
        ASSERT_FALSE(result.has_value()) << c.body;
        EXPECT_EQ(result.error().code, c.code) << c.body;
        EXPECT_EQ(result.error().message, c.message);
    }
}

TEST(Query, BoundsTheParameters) {
    std::string body = "Action=ListRoles";
    for (int i = 0; i < 11'000; ++i) body += "&p" + std::to_string(i) + "=1";
    EXPECT_EQ(call(Service::kIam, body).error().message, "The request has too many parameters.");
}

TEST(Query, WritesAnswersByShape) {
    auto const created = encode_query_output(operation(OperationId::kIamCreateRole),
                                             {{"Role",
                                               {{"RoleName", "r"},
                                                {"CreateDate", 1'704'067'200},
                                                {"Path", "/"},
                                                {"NotInTheModel", 1},
                                                {"Tags", {{{"Key", "k"}, {"Value", "<v>"}}}}}}},
                                             model::RequestId{"id"});
    EXPECT_EQ(created.status, 200);
    EXPECT_EQ(created.body,
              "<CreateRoleResponse "
              "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateRoleResult><Role>"
              "<Path>/</Path><RoleName>r</RoleName><CreateDate>2024-01-01T00:00:00Z</"
              "CreateDate><Tags><member><Key>k</Key>"
              "<Value>&lt;v&gt;</Value></member></Tags></Role></CreateRoleResult><ResponseMetadata>"
              "<RequestId>id</RequestId></ResponseMetadata></CreateRoleResponse>");
    auto const attached = encode_query_output(operation(OperationId::kIamAttachRolePolicy), nullptr,
                                              model::RequestId{"id"});
    EXPECT_EQ(attached.body,
              "<AttachRolePolicyResponse "
              "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>"
              "<RequestId>id</RequestId></ResponseMetadata></AttachRolePolicyResponse>");
    auto const listed = encode_query_output(operation(OperationId::kIamListRoles),
                                            {{"Roles", json::array()}, {"IsTruncated", false}},
                                            model::RequestId{"id"});
    EXPECT_NE(
        listed.body.find(
            "<ListRolesResult><Roles></Roles><IsTruncated>false</IsTruncated></ListRolesResult>"),
        std::string::npos);
}

}  // namespace
}  // namespace meridian::wire
