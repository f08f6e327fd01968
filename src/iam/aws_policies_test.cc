#include "iam/aws_policies.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "policy/document.h"

namespace meridian::iam {
namespace {

TEST(AwsPolicies, EachIsAPolicyAndFoundByItsArn) {
    EXPECT_TRUE(std::ranges::is_sorted(aws_policies(), {}, &AwsPolicy::path_and_name));
    for (auto const& policy : aws_policies()) {
        auto const parsed =
            policy::Document::parse(policy::DocumentKind::kIdentity, policy.document);
        EXPECT_TRUE(parsed) << policy.path_and_name << ": " << parsed.error().message;
        EXPECT_EQ(find_aws_policy(policy.arn()), &policy);
    }
}

TEST(AwsPolicies, AreKnownByTheirWholeArn) {
    auto const* const basic =
        find_aws_policy("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
    ASSERT_NE(basic, nullptr);
    EXPECT_EQ(basic->name(), "AWSLambdaBasicExecutionRole");
    EXPECT_EQ(basic->path(), "/service-role/");
    EXPECT_EQ(basic->id().size(), 21u);
    EXPECT_NE(find_aws_policy("arn:aws:iam::aws:policy/AdministratorAccess"), nullptr);
    for (auto const* unknown :
         {"arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", "AdministratorAccess",
          "arn:aws:iam::123456789012:policy/AdministratorAccess", "", "arn:aws:iam::aws:policy/"}) {
        EXPECT_EQ(find_aws_policy(unknown), nullptr) << unknown;
    }
}

}  // namespace
}  // namespace meridian::iam
