#include "control/trust_policy.h"

#include <gtest/gtest.h>

#include "control/managed_policies.h"

namespace meridian::control {
namespace {

std::string statement(std::string_view members) {
    return R"({"Version":"2012-10-17","Statement":[{)" + std::string(members) + "}]}";
}

struct Case {
    char const* name;
    std::string document;
    char const* error;  // empty: it is a policy
    bool lambda_may_assume = false;
};

constexpr char const* kAllowLambda =
    R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole")";

TEST(TrustPolicy, IsReadAsIamReadsIt) {
    Case const cases[] = {
        {"lambda", statement(kAllowLambda), "", true},
        {"lists",
         statement(
             R"("Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},)"
             R"("Action":["sts:TagSession","sts:AssumeRole"])"),
         "", true},
        {"a lone statement",
         R"({"Version":"2012-10-17","Statement":{)" + std::string(kAllowLambda) + "}}", "", true},
        {"everyone", statement(R"("Effect":"Allow","Principal":"*","Action":"sts:AssumeRole")"), "",
         true},
        {"action by wildcard",
         statement(
             R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:*")"),
         "", true},
        {"action in another case",
         statement(
             R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"STS:assumerole")"),
         "", true},
        {"another service",
         statement(
             R"("Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole")"),
         ""},
        {"another action",
         statement(
             R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:TagSession")"),
         ""},
        {"an account",
         statement(
             R"("Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole")"),
         ""},
        {"deny wins",
         R"({"Version":"2012-10-17","Statement":[{)" + std::string(kAllowLambda) +
             R"(},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]})",
         ""},
        {"a condition that holds",
         statement(std::string(kAllowLambda) +
                   R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},)"
                   R"("ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:123456789012:function:*"}})"),
         "", true},
        {"a condition that does not",
         statement(std::string(kAllowLambda) +
                   R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}})"),
         ""},
        {"a condition on what is not there",
         statement(std::string(kAllowLambda) +
                   R"(,"Condition":{"StringEquals":{"aws:PrincipalTag/x":"y"}})"),
         ""},
        {"a condition if it exists",
         statement(std::string(kAllowLambda) +
                   R"(,"Condition":{"StringEqualsIfExists":{"aws:PrincipalTag/x":"y"}})"),
         "", true},
        {"not JSON", "{", "This policy contains invalid Json"},
        {"empty", "", "This policy contains invalid Json"},
        {"nested beyond sense", std::string(100, '['), "This policy contains invalid Json"},
        {"a list", "[]", "Syntax errors in policy."},
        {"no statement", R"({"Version":"2012-10-17"})", "Syntax errors in policy."},
        {"no statements", R"({"Version":"2012-10-17","Statement":[]})", "Syntax errors in policy."},
        {"an unknown version",
         R"({"Version":"2020-01-01","Statement":[{)" + std::string(kAllowLambda) + "}]}",
         "Syntax errors in policy."},
        {"an unknown field", statement(std::string(kAllowLambda) + R"(,"Foo":1)"),
         "Syntax errors in policy."},
        {"a resource", statement(std::string(kAllowLambda) + R"(,"Resource":"*")"),
         "Has prohibited field Resource"},
        {"no effect", statement(R"("Principal":"*","Action":"sts:AssumeRole")"),
         "Missing required field Effect"},
        {"a wrong effect",
         statement(R"("Effect":"Maybe","Principal":"*","Action":"sts:AssumeRole")"),
         "Syntax errors in policy."},
        {"no principal", statement(R"("Effect":"Allow","Action":"sts:AssumeRole")"),
         "Missing required field Principal"},
        {"no action", statement(R"("Effect":"Allow","Principal":"*")"),
         "Missing required field Action"},
        {"an action of no service",
         statement(R"("Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction")"),
         "AssumeRole policy may only specify STS AssumeRole actions."},
        {"a service that is none",
         statement(
             R"("Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole")"),
         R"(Invalid principal in policy: "SERVICE":"lambda")"},
        {"a principal of no kind",
         statement(R"("Effect":"Allow","Principal":{"Foo":"x"},"Action":"sts:AssumeRole")"),
         R"(Invalid principal in policy: "Foo")"},
        {"an action that is a number", statement(R"("Effect":"Allow","Principal":"*","Action":1)"),
         "Syntax errors in policy."},
    };
    for (auto const& test : cases) {
        auto const checked = check_trust_policy(test.document);
        EXPECT_EQ(checked ? "" : checked.error().message, test.error) << test.name;
        if (!checked) EXPECT_EQ(checked.error().code, Errc::kMalformedPolicyDocument) << test.name;
        EXPECT_EQ(
            may_assume_role(test.document,
                            {.service = "lambda.amazonaws.com",
                             .source_account = "123456789012",
                             .source_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"}),
            test.lambda_may_assume)
            << test.name;
    }
}

TEST(TrustPolicy, WhiteSpaceDoesNotCountTowardsTheQuota) {
    auto const policy = statement(kAllowLambda);
    EXPECT_TRUE(check_trust_policy(policy + std::string(5'000, ' ')));
    auto const big =
        statement(std::string(kAllowLambda) + R"(,"Sid":")" + std::string(2'048, 'x') + "\"");
    auto const checked = check_trust_policy(big);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::kLimitExceeded);
    EXPECT_EQ(checked.error().message, "Cannot exceed quota for ACLSizePerRole: 2048");
}

TEST(ManagedPolicies, AreKnownByTheirWholeArn) {
    for (auto const* known :
         {"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
          "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess",
          "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
          "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}) {
        EXPECT_TRUE(is_managed_policy(known)) << known;
    }
    for (auto const* unknown :
         {"arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", "AdministratorAccess",
          "arn:aws:iam::123456789012:policy/AdministratorAccess", "", "arn:aws:iam::aws:policy/"}) {
        EXPECT_FALSE(is_managed_policy(unknown)) << unknown;
    }
}

}  // namespace
}  // namespace meridian::control
