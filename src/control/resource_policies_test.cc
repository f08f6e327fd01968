#include "control/resource_policies.h"

#include "control/control_plane_fixture.h"

namespace meridian::control {
namespace {

constexpr char const* kArn = "arn:aws:lambda:us-east-1:123456789012:function:f";

class ResourcePoliciesTest : public ControlPlaneTest {
  protected:
    ResourcePoliciesTest() { make_function(); }
    static AddPermissionRequest permission(std::string id = "s1") {
        return {.what = {model::FunctionName("f"), {}},
                .permission = {.statement_id = std::move(id),
                               .action = "lambda:InvokeFunction",
                               .principal = "s3.amazonaws.com",
                               .source_arn = "arn:aws:s3:::bucket",
                               .source_account = kTestAccount},
                .revision_id = {}};
    }
    Result<std::string> add(AddPermissionRequest request) {
        return run(control->resource_policies().add(who, std::move(request)));
    }
    Result<ResourcePolicy> get() {
        return run(control->resource_policies().get(who, {model::FunctionName("f"), {}}));
    }
    Result<void> take(std::string id, std::optional<model::RevisionId> revision = {}) {
        return run(control->resource_policies().remove(
            who, {{model::FunctionName("f"), {}}, std::move(id), std::move(revision)}));
    }
    std::string const* published() {
        return control->resource_policies().find(kTestAccount, "f", "");
    }
};

TEST_F(ResourcePoliciesTest, AStatementHasAwsFormAndOrder) {
    auto const text = add(permission());
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(
        *text,
        std::string(R"({"Sid":"s1","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},)"
                    R"("Action":"lambda:InvokeFunction","Resource":")") +
            kArn +
            R"(","Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},)"
            R"("ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}})");
    auto const policy = get();
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->document.dump(),
              R"({"Version":"2012-10-17","Id":"default","Statement":[)" + *text + "]}");
    ASSERT_NE(published(), nullptr);
    EXPECT_EQ(*published(), policy->document.dump());
    restart();
    ASSERT_NE(published(), nullptr);
    EXPECT_EQ(*published(), policy->document.dump());
}

TEST_F(ResourcePoliciesTest, PrincipalsAreReadAsAwsReadsThem) {
    auto const principal = [&](std::string const& given) -> std::string {
        auto statement = make_statement(
            {.statement_id = "s", .action = "lambda:InvokeFunction", .principal = given}, kArn);
        return statement ? (*statement)["Principal"].dump() : statement.error().message;
    };
    EXPECT_EQ(principal("*"), R"("*")");
    EXPECT_EQ(principal("111122223333"), R"({"AWS":"arn:aws:iam::111122223333:root"})");
    EXPECT_EQ(principal("arn:aws:iam::111122223333:role/r"),
              R"({"AWS":"arn:aws:iam::111122223333:role/r"})");
    for (auto const* wrong : {"invalid", "11112222333", "arn:aws:iam::1:role/r", "user name"}) {
        EXPECT_EQ(principal(wrong),
                  "The provided principal was invalid. Please check the principal and try again.")
            << wrong;
    }
}

TEST_F(ResourcePoliciesTest, RefuseWhatAwsRefuses) {
    ASSERT_TRUE(add(permission()));
    auto const again = add(permission());
    ASSERT_FALSE(again);
    EXPECT_EQ(
        again.error().message,
        "The statement id (s1) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.");
    auto latest = permission("s2");
    latest.what.qualifier = model::Qualifier("$LATEST");
    EXPECT_EQ(add(latest).error().message,
              "We currently do not support adding policies for $LATEST.");
    latest.what.qualifier = model::Qualifier("nowhere");
    EXPECT_EQ(add(latest).error().message,
              std::string("Cannot find alias arn: ") + kArn + ":nowhere");
    auto stale = permission("s3");
    stale.revision_id = model::RevisionId("not this one");
    EXPECT_EQ(add(stale).error().code, Errc::kPreconditionFailed);
    EXPECT_EQ(take("missing").error().message,
              "Statement missing is not found in resource policy.");
    EXPECT_EQ(take("s1", model::RevisionId("not this one")).error().code,
              Errc::kPreconditionFailed);
}

TEST_F(ResourcePoliciesTest, EndWithTheirLastStatement) {
    ASSERT_TRUE(add(permission("s1")));
    ASSERT_TRUE(add(permission("s2")));
    ASSERT_TRUE(take("s1"));
    EXPECT_EQ(get()->document["Statement"].size(), 1u);
    ASSERT_TRUE(take("s2"));
    EXPECT_EQ(get().error().message, "The resource you requested does not exist.");
    EXPECT_EQ(published(), nullptr);
    EXPECT_EQ(take("s2").error().message, "No policy is associated with the given resource.");
}

TEST_F(ResourcePoliciesTest, HaveALimitAndGoWithTheirFunction) {
    int added = 0;
    Result<std::string> last = std::string();
    while ((last = add(permission("statement-" + std::to_string(added))))) ++added;
    EXPECT_GT(added, 50);
    EXPECT_EQ(last.error().code, Errc::kPolicyLengthExceeded);
    ASSERT_TRUE(remove());
    EXPECT_EQ(published(), nullptr);
    make_function();
    EXPECT_FALSE(get());
}

}  // namespace
}  // namespace meridian::control
