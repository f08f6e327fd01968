#include "policy/document.h"

#include <gtest/gtest.h>

#include "model/limits.h"

namespace meridian::policy {
namespace {

constexpr char const* kSyntax = "Syntax errors in policy.";
constexpr char const* kLegacy = "The policy failed legacy parsing";
constexpr char const* kVersion = "Policy document must be version 2012-10-17 or greater.";
constexpr char const* kNoActions = "Policy statement must contain actions.";
constexpr char const* kNoResources = "Policy statement must contain resources.";
constexpr char const* kNoVendor =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
constexpr char const* kOneColon = "Actions/Condition can contain only one colon.";

std::string document(std::string_view statements) {
    return R"({"Version":"2012-10-17","Statement":)" + std::string(statements) + "}";
}

// A statement with these members beside an effect.
std::string allow(std::string_view members) {
    return document(R"({"Effect":"Allow",)" + std::string(members) + "}");
}

std::string on(std::string_view resource) {
    return allow(R"("Action":"s3:Get","Resource":")" + std::string(resource) + "\"");
}

std::string doing(std::string_view action) {
    return allow(R"("Action":")" + std::string(action) + R"(","Resource":"*")");
}

std::string under(std::string_view condition) {
    return allow(R"("Action":"s3:Get","Resource":"*","Condition":)" + std::string(condition));
}

struct DocumentCase {
    char const* name;
    std::string text;
    std::string error;  // empty: it is a policy
};

// Source: recorded from IAM's CreatePolicy, as other projects publish it.
TEST(IdentityDocument, IsCheckedAsIamDoes) {
    DocumentCase const cases[] = {
        {"not JSON", "This is not a json document", kSyntax},
        {"empty", "", kSyntax},
        {"a list", "[]", kSyntax},
        {"nested beyond sense", std::string(100'000, '['), kSyntax},
        {"no version", R"({"Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})",
         kVersion},
        {"the old version",
         R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})",
         kVersion},
        {"no such version",
         R"({"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})",
         kSyntax},
        {"no statement", R"({"Version":"2012-10-17"})", kSyntax},
        {"no statements", document("[]"), kSyntax},
        {"a statement that is text", document(R"(["afd"])"), kSyntax},
        {"an unknown member",
         R"({"Version":"2012-10-17","Extra":1,"Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})",
         kSyntax},
        {"an unknown member of a statement",
         allow(R"("Action":"s3:Get","Resource":"*","Extra":"x")"), kSyntax},
        {"an Id that is a list",
         R"({"Version":"2012-10-17","Id":["x"],"Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})",
         kSyntax},
        {"no effect", document(R"({"Action":"s3:Get","Resource":"*"})"), kSyntax},
        {"no such effect", document(R"({"Effect":"x","Action":"s3:Get","Resource":"*"})"), kSyntax},
        {"an effect in another case",
         document(R"({"Effect":"denY","Action":"s3:Get","Resource":"*"})"), kLegacy},
        {"the version is looked at before the effect's case",
         R"({"Statement":{"Effect":"denY","Action":"s3:Get","Resource":"*"}})", kVersion},
        {"a principal", allow(R"("Action":"s3:Get","Resource":"*","Principal":"*")"),
         "Policy document should not specify a principal."},
        {"a Sid that is a list", allow(R"("Action":"s3:Get","Resource":"*","Sid":[])"), kSyntax},
        {"a Sid twice",
         document(R"([{"Sid":"a","Effect":"Allow","Action":"s3:Get","Resource":"*"},)"
                  R"({"Sid":"a","Effect":"Allow"}])"),
         "Statement IDs (SID) in a single policy must be unique."},
        {"an empty Sid twice",
         document(R"([{"Sid":"","Effect":"Allow","Action":"s3:Get","Resource":"*"},)"
                  R"({"Sid":"","Effect":"Deny","Action":"s3:Get","Resource":"*"}])"),
         ""},

        {"an action of no service", doing("invalid"), kNoVendor},
        {"an empty action", allow(R"("NotAction":"","Resource":"*")"), kNoVendor},
        {"a service with a blank", doing("a a:Get"), "Vendor a a is not valid"},
        {"two colons", doing("s3:List:Bucket"), kOneColon},
        {"no action", allow(R"("Resource":"*")"), kNoActions},
        {"no actions", allow(R"("Action":[],"Resource":"*")"), kNoActions},
        {"no action, first of two",
         document(R"([{"Effect":"Deny"},{"Effect":"Allow","Action":"s3:Get","Resource":"*"}])"),
         kNoActions},
        {"an action that is an object", allow(R"("Action":{},"Resource":"*")"), kSyntax},
        {"an action that is a list of lists", allow(R"("Action":[[]],"Resource":"*")"), kSyntax},
        {"actions and their opposite",
         allow(R"("Action":"s3:Get","NotAction":"s3:Put","Resource":"*")"), kSyntax},
        {"every action", doing("*"), ""},
        {"an action with blanks", doing("iam: asdf safdsf af "), ""},
        {"a service of any kind", doing("s3-s.x:Get"), ""},

        {"no resource", allow(R"("Action":"s3:Get")"), kNoResources},
        {"no resources", allow(R"("Action":"s3:Get","Resource":[])"), kNoResources},
        {"a resource and its opposite",
         allow(R"("Action":"s3:Get","Resource":"*","NotResource":"*")"), kSyntax},
        {"a resource that is an object", allow(R"("Action":"s3:Get","Resource":{"a":"*"})"),
         kSyntax},
        {"a resource that is no ARN", on("invalid resource"),
         R"(Resource invalid resource must be in ARN format or "*".)"},
        {"an empty resource", on(""), R"(Resource  must be in ARN format or "*".)"},
        {"a bad resource before a bad action", allow(R"("Action":"s:3:Get","Resource":"sdfsadf")"),
         R"(Resource sdfsadf must be in ARN format or "*".)"},
        {"partition, two parts", on("a:bsdfdsafsad"),
         R"(Partition "bsdfdsafsad" is not valid for resource "arn:bsdfdsafsad:*:*:*:*".)"},
        {"partition, three parts", on("a:b:cadfsdf"),
         R"(Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".)"},
        {"partition, eight parts", on("a:b:c:d:e:f:g:h"),
         R"(Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".)"},
        {"partition, the first part forgotten", on("aws:s3:::example_bucket"),
         R"(Partition "s3" is not valid for resource "arn:s3:::example_bucket:*".)"},
        {"partition, before the older parser",
         allow(
             R"("Action":"s3:Get","Resource":["arn:error:s3:::example_bucket","arn:error:s3::example_bucket"])"),
         R"(Partition "error" is not valid for resource "arn:error:s3:::example_bucket".)"},
        {"too few parts", on("arn:aws:s3::example_bucket"), kLegacy},
        {"too few parts of NotResource",
         allow(R"("Action":"s3:Get","NotResource":"arn:aws:s3::example_bucket")"), kLegacy},
        {"too few parts, before the missing action",
         allow(R"("Resource":"arn:aws:s3::example_bucket")"), kLegacy},
        {"no service", on("arn:aws::fdsasf"), kLegacy},
        {"an empty service", on("arn:aws::::example_bucket"), kLegacy},
        {"nothing after the partition", on("arn:aws"),
         "Resource vendor must be fully qualified and cannot contain regexes."},
        {"an IAM resource of no kind", on("arn:aws:iam:::example_bucket"),
         "IAM resource path must either be \"*\", root, or start with user/, federated-user/, "
         "role/, "
         "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, "
         "saml-provider/, oidc-provider/, report/, access-report/."},
        {"IAM in a region", on("arn:aws:iam:us-east-1::example_bucket"),
         "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information."},
        {"a bucket in a region", on("arn:aws:s3:us-east-1::example_bucket"),
         "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information."},
        {"an IAM user", on("arn:aws:iam:::user/example_bucket"), ""},
        {"any IAM resource", on("arn:aws:iam::123456789012:*"), ""},
        {"a service only", on("arn:aws:fdsasf"), ""},
        {"a service nobody knows", on("arn:aws:invalid-service:us-east-1::x"), ""},
        {"a list with everything", allow(R"("Action":"s3:Get","Resource":["arn:aws:s3:::b","*"])"),
         ""},
        {"everything but everything", allow(R"("NotAction":"s3:Get","NotResource":"*")"), ""},

        {"conditions that are a list", under("[]"), kSyntax},
        {"conditions that are text", under(R"("a")"), kSyntax},
        {"an operator on text", under(R"({"a":"b"})"), kSyntax},
        {"an operator on a list", under(R"({"DateGreaterThan":[]})"), kSyntax},
        {"a value that is an object", under(R"({"DateGreaterThan":{"a":{}}})"), kSyntax},
        {"no such operator", under(R"({"x":{"a":"1"}})"), kSyntax},
        {"two colons after ForAnyValue",
         under(R"({"ForAnyValue::StringEqualsIfExists":{"a":"asf"}})"), kSyntax},
        {"NullIfExists", under(R"({"NullIfExists":{"a":"true"}})"), kSyntax},
        {"no such operator, on nothing", under(R"({"x":{},"y":{}})"), ""},
        {"no conditions", under("{}"), ""},
        {"an operator on nothing", under(R"({"DateGreaterThan":{}})"), ""},
        {"no values", under(R"({"DateGreaterThan":{"a":[]}})"), ""},
        {"a set", under(R"({"ForAllValues:StringEquals":{"aws:TagKeys":"Department"}})"), ""},
        {"a set, if it exists", under(R"({"ForAnyValue:StringEqualsIfExists":{"a":"asf"}})"), ""},
        {"numbers and booleans as such",
         under(R"({"Bool":{"a":true},"NumericLessThan":{"b":[1,2.5]}})"), ""},
        {"a date that is none", under(R"({"DateGreaterThan":{"a":"sdfdsf"}})"), kLegacy},
        {"a month that is none", under(R"({"DateLessThanEquals":{"a":"234-13"}})"), kLegacy},
        {"an offset of one digit",
         under(R"({"DateLessThanEquals":{"a":"2016-12-13t2:00:00.593194+1"}})"), kLegacy},
        {"more than nanoseconds",
         under(R"({"DateLessThanEquals":{"a":"2016-12-13t2:00:00.1999999999+10:59"}})"), kLegacy},
        {"seconds beyond 64 bits", under(R"({"DateLessThan":{"a":"9223372036854775808"}})"),
         kLegacy},
        {"a bad date before a bad partition",
         allow(
             R"("Action":"s3:Get","Resource":"arn:error:s3:::b","Condition":{"DateGreaterThan":{"a":"x"}})"),
         kLegacy},
        {"a short date", under(R"({"DateGreaterThan":{"a":"01T"}})"), ""},
        {"an offset of hours",
         under(R"({"DateLessThanEquals":{"a":"2016-12-13t2:00:00.593194+23"}})"), ""},
        {"the first year", under(R"({"DateLessThan":{"a":"-292275054"}})"), ""},
        {"an address that is none", under(R"({"IpAddress":{"aws:SourceIp":"1.2.3"}})"), kLegacy},
        {"a number that is none", under(R"({"NumericEquals":{"a":"x"}})"), kLegacy},
    };
    for (auto const& test : cases) {
        auto const parsed = Document::parse(DocumentKind::kIdentity, test.text);
        EXPECT_EQ(parsed ? "" : parsed.error().message, test.error) << test.name;
        if (!parsed) EXPECT_EQ(parsed.error().code, Errc::kMalformedPolicyDocument) << test.name;
    }
}

TEST(TrustDocument, IsCheckedAsIamDoes) {
    auto const trusting = [](std::string_view principal) {
        return allow(R"("Action":"sts:AssumeRole","Principal":)" + std::string(principal));
    };
    DocumentCase const cases[] = {
        {"not JSON", "{", "This policy contains invalid Json"},
        {"a service", trusting(R"({"Service":"lambda.amazonaws.com"})"), ""},
        {"the old version",
         R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}})",
         ""},
        {"an account", trusting(R"({"AWS":"123456789012"})"), ""},
        {"an account's root", trusting(R"({"AWS":["arn:aws:iam::123456789012:root","*"]})"), ""},
        {"a session", trusting(R"({"AWS":"arn:aws:sts::123456789012:assumed-role/r/s"})"), ""},
        {"a user by wildcard", trusting(R"({"AWS":"arn:aws:iam::123456789012:user/*"})"),
         R"(Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/*")"},
        {"a bucket", trusting(R"({"AWS":"arn:aws:s3:::x"})"),
         R"(Invalid principal in policy: "AWS":"arn:aws:s3:::x")"},
        {"a service that is none", trusting(R"({"Service":"lambda"})"),
         R"(Invalid principal in policy: "SERVICE":"lambda")"},
        {"a principal of no kind", trusting(R"({"Foo":"x"})"),
         R"(Invalid principal in policy: "Foo")"},
        {"no principals", trusting(R"({"AWS":[]})"), kSyntax},
        {"everyone but", allow(R"("Action":"sts:AssumeRole","NotPrincipal":"*")"),
         "Has prohibited field NotPrincipal"},
        {"no principal", allow(R"("Action":"sts:AssumeRole")"), "Missing required field Principal"},
        {"a resource", allow(R"("Action":"sts:AssumeRole","Principal":"*","Resource":"*")"),
         "Has prohibited field Resource"},
        {"an action of another service", allow(R"("Action":"lambda:Get","Principal":"*")"),
         "AssumeRole policy may only specify STS AssumeRole actions."},
        {"no action", allow(R"("Principal":"*")"), "Missing required field Action"},
    };
    for (auto const& test : cases) {
        auto const parsed = Document::parse(DocumentKind::kTrust, test.text);
        EXPECT_EQ(parsed ? "" : parsed.error().message, test.error) << test.name;
    }
}

TEST(TrustDocument, HasAQuotaThatDoesNotCountWhiteSpace) {
    auto const text = allow(R"("Action":"sts:AssumeRole","Principal":"*")");
    EXPECT_TRUE(Document::parse(DocumentKind::kTrust, text + std::string(5'000, ' ')));
    auto const big = allow(R"("Action":"sts:AssumeRole","Principal":"*","Sid":")" +
                           std::string(model::limits::kTrustPolicyCharsMax, 'x') + "\"");
    auto const parsed = Document::parse(DocumentKind::kTrust, big);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::kLimitExceeded);
    EXPECT_EQ(parsed.error().message, "Cannot exceed quota for ACLSizePerRole: 2048");
    EXPECT_EQ(counted_chars(" {\n\t\"\xC3\xA9\" }\r"), 5U);
}

TEST(ResourceDocument, NamesPrincipals) {
    auto const text =
        R"({"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s","Effect":"Allow",)"
        R"("Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
        R"("Resource":"arn:aws:lambda:us-east-1:123456789012:function:f",)"
        R"("Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}]})";
    auto const parsed = Document::parse(DocumentKind::kResource, text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    ASSERT_EQ(parsed->statements().size(), 1U);
    EXPECT_EQ(parsed->statements()[0].sid, "s");
    EXPECT_EQ(parsed->statements()[0].conditions.size(), 1U);
    auto const without = Document::parse(DocumentKind::kResource, doing("s3:Get"));
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().message, "Missing required field Principal");
}

}  // namespace
}  // namespace meridian::policy
