#include "transfer/permission.h"

#include <gtest/gtest.h>

namespace meridian::transfer {
namespace {

using nlohmann::json;

json statement(json principal, json condition = nullptr) {
    json out = {{"Sid", "s"},
                {"Effect", "Allow"},
                {"Principal", std::move(principal)},
                {"Action", "lambda:InvokeFunction"}};
    if (!condition.is_null()) out["Condition"] = std::move(condition);
    return out;
}

TEST(Permission, SaysTheStatementAgain) {
    struct Case {
        json principal, condition;
        json added;  // to StatementId and Action
    };
    Case const cases[] = {
        {"*", nullptr, {{"Principal", "*"}}},
        {{{"Service", "s3.amazonaws.com"}},
         {{"ArnLike", {{"AWS:SourceArn", "arn:aws:s3:::b"}}},
          {"StringEquals", {{"AWS:SourceAccount", "123456789012"}}}},
         {{"Principal", "s3.amazonaws.com"},
          {"SourceArn", "arn:aws:s3:::b"},
          {"SourceAccount", "123456789012"}}},
        {{{"AWS", "arn:aws:iam::123456789012:root"}}, nullptr, {{"Principal", "123456789012"}}},
        {{{"AWS", "arn:aws:iam::123456789012:user/u"}},
         {{"StringEquals", {{"aws:PrincipalOrgID", "o-1"}}}},
         {{"Principal", "arn:aws:iam::123456789012:user/u"}, {"PrincipalOrgID", "o-1"}}},
        {"*",
         {{"StringEquals", {{"lambda:FunctionUrlAuthType", "NONE"}}},
          {"Bool", {{"lambda:InvokedViaFunctionUrl", "true"}}}},
         {{"Principal", "*"}, {"FunctionUrlAuthType", "NONE"}, {"InvokedViaFunctionUrl", true}}},
        {{{"Service", "alexa-appkit.amazon.com"}},
         {{"StringEquals", {{"lambda:EventSourceToken", "t"}}}},
         {{"Principal", "alexa-appkit.amazon.com"}, {"EventSourceToken", "t"}}},
    };
    for (auto const& one : cases) {
        auto wanted = one.added;
        wanted["StatementId"] = "s";
        wanted["Action"] = "lambda:InvokeFunction";
        auto const got = permission_of(statement(one.principal, one.condition));
        ASSERT_TRUE(got) << one.principal << got.error().message;
        EXPECT_EQ(*got, wanted);
    }
}

TEST(Permission, RefusesWhatTheActionCannotSay) {
    auto deny = statement("*");
    deny["Effect"] = "Deny";
    auto actions = statement("*");
    actions["Action"] = {"lambda:*", "s3:*"};
    for (auto const& bad :
         {deny, actions, statement({{"AWS", {"1", "2"}}}), statement({{"Federated", "x"}}),
          statement("*", {{"IpAddress", {{"aws:SourceIp", "1.2.3.4"}}}}),
          statement("*", {{"StringEquals", {{"aws:SourceArn", {"a", "b"}}}}}),
          statement("*", {{"StringEquals", "x"}})}) {
        EXPECT_FALSE(permission_of(bad)) << bad;
    }
}

TEST(LayerPermission, KnowsOrganizations) {
    EXPECT_EQ(
        layer_permission_of(statement("*", {{"StringEquals", {{"aws:PrincipalOrgID", "o-1"}}}}))
            .value()["OrganizationId"],
        "o-1");
    EXPECT_FALSE(layer_permission_of(
        statement("*", {{"StringEquals", {{"AWS:SourceAccount", "123456789012"}}}})));
}

}  // namespace
}  // namespace meridian::transfer
