// IAM's roles.

#include <gtest/gtest.h>

#include "control/control_plane.h"
#include "control/fakes.h"

namespace meridian::control {
namespace {

class RolesTest : public testing::Test, protected ControlHarness {
  protected:
    static constexpr char const* kBasic =
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
};

TEST_F(RolesTest, ARoleIsMadeAndFound) {
    auto const made = run(control->create_role(who, {.name = "MyRole",
                                                     .path = "/team/",
                                                     .assume_role_policy_document = kTestTrust,
                                                     .description = "d",
                                                     .max_session_seconds = 7'200,
                                                     .tags = {{"a", "b"}}}));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->arn(), "arn:aws:iam::123456789012:role/team/MyRole");
    EXPECT_TRUE(made->id.starts_with("AROA"));
    EXPECT_EQ(made->id.size(), 21u);
    EXPECT_EQ(*run(control->get_role(who, "MyRole")), *made);
    EXPECT_EQ(run(control->get_role(who, "myrole"))->name, "MyRole")
        << "names are the same ignoring case";
}

TEST_F(RolesTest, RefusalsAreIams) {
    make_role("r");
    struct Case {
        char const* name;
        std::function<Result<void>()> act;
        Errc code;
        char const* text;
    };
    auto const done = [](auto result) -> Result<void> {
        if (!result) return std::unexpected(result.error());
        return {};
    };
    Case const cases[] = {
        {"twice",
         [&] {
             return done(run(control->create_role(
                 who, {.name = "R", .assume_role_policy_document = kTestTrust})));
         },
         Errc::kEntityAlreadyExists, "Role with name R already exists."},
        {"malformed",
         [&] {
             return done(
                 run(control->create_role(who, {.name = "x", .assume_role_policy_document = "{"})));
         },
         Errc::kMalformedPolicyDocument, "This policy contains invalid Json"},
        {"get", [&] { return done(run(control->get_role(who, "nope"))); }, Errc::kNoSuchEntity,
         "The role with name nope cannot be found."},
        {"delete", [&] { return done(run(control->delete_role(who, "nope"))); },
         Errc::kNoSuchEntity, "The role with name nope cannot be found."},
        {"attach to none",
         [&] { return done(run(control->attach_role_policy(who, "nope", kBasic))); },
         Errc::kNoSuchEntity, "The role with name nope cannot be found."},
        {"attach none",
         [&] {
             return done(
                 run(control->attach_role_policy(who, "r", "arn:aws:iam::aws:policy/Nope")));
         },
         Errc::kNoSuchEntity,
         "Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable."},
        {"detach", [&] { return done(run(control->detach_role_policy(who, "r", kBasic))); },
         Errc::kNoSuchEntity,
         "Policy arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole was not found."},
        {"attached of none",
         [&] {
             return done(run(control->list_attached_role_policies(who, {.role_name = "nope"})));
         },
         Errc::kNoSuchEntity, "The role with name nope cannot be found."},
        {"bad marker", [&] { return done(run(control->list_roles(who, {.marker = "!"}))); },
         Errc::kValidation, "Invalid Marker."},
    };
    for (auto const& test : cases) {
        auto const refused = test.act();
        ASSERT_FALSE(refused) << test.name;
        EXPECT_EQ(refused.error().code, test.code) << test.name;
        EXPECT_EQ(refused.error().message, test.text) << test.name;
    }
}

TEST_F(RolesTest, ARoleWithPoliciesIsNotDeleted) {
    make_role("r");
    ASSERT_TRUE(run(control->attach_role_policy(who, "r", kBasic)));
    ASSERT_TRUE(run(control->attach_role_policy(who, "r", kBasic))) << "attaching twice is once";
    auto const attached = run(control->list_attached_role_policies(who, {.role_name = "r"}));
    ASSERT_EQ(attached->policies.size(), 1u);
    EXPECT_EQ(attached->policies[0].name, "AWSLambdaBasicExecutionRole");
    EXPECT_EQ(attached->policies[0].arn, kBasic);
    auto const refused = run(control->delete_role(who, "r"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kDeleteConflict);
    EXPECT_EQ(refused.error().message, "Cannot delete entity, must detach all policies first.");
    ASSERT_TRUE(run(control->detach_role_policy(who, "r", kBasic)));
    EXPECT_TRUE(run(control->delete_role(who, "r")));
    EXPECT_FALSE(run(control->get_role(who, "r")));
}

TEST_F(RolesTest, TenPoliciesAreTheLimit) {
    make_role("r");
    char const* const names[] = {
        "AmazonS3FullAccess",       "AmazonSQSFullAccess",   "AmazonSNSFullAccess",
        "AmazonKinesisFullAccess",  "AmazonRDSFullAccess",   "AmazonEC2FullAccess",
        "AmazonSSMFullAccess",      "AmazonSESFullAccess",   "AmazonVPCFullAccess",
        "AmazonDynamoDBFullAccess", "AmazonS3ReadOnlyAccess"};
    for (auto const* name : names) {
        auto const attached = run(
            control->attach_role_policy(who, "r", std::string("arn:aws:iam::aws:policy/") + name));
        EXPECT_EQ(attached.has_value(), name != names[10]) << name;
        if (!attached)
            EXPECT_EQ(attached.error().message, "Cannot exceed quota for PoliciesPerRole: 10");
    }
    std::vector<std::string> seen;
    std::string marker;
    do {
        auto const page = run(control->list_attached_role_policies(
            who, {.role_name = "r", .marker = marker, .max_items = 3}));
        for (auto const& policy : page->policies) seen.push_back(policy.name);
        marker = page->next_marker;
    } while (!marker.empty());
    EXPECT_EQ(seen.size(), 10u);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(RolesTest, RolesAreListedByPathInPages) {
    for (auto const* name : {"d", "b", "a", "c"}) make_role(name);
    ASSERT_TRUE(run(control->create_role(
        who, {.name = "bb", .path = "/team/", .assume_role_policy_document = kTestTrust})));
    for (std::size_t size = 1; size <= 6; ++size) {
        std::vector<std::string> seen;
        std::string marker;
        do {
            auto const page = run(control->list_roles(who, {.marker = marker, .max_items = size}));
            ASSERT_TRUE(page);
            for (auto const& role : page->roles) seen.push_back(role.name);
            marker = page->next_marker;
        } while (!marker.empty());
        EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "bb", "c", "d"})) << size;
    }
    auto const team = run(control->list_roles(who, {.path_prefix = "/team"}));
    ASSERT_EQ(team->roles.size(), 1u);
    EXPECT_EQ(team->roles[0].name, "bb");
}

// A copy of IAM that is behind its home: writes conflict there until it has caught up.
class LaggingLog final : public AccountLog {
  public:
    explicit LaggingLog(FakeStore& copy) : copy_(copy) {}
    io::Task<> write(store::Transaction transaction) override {
        if (behind) co_return fail(Errc::kConflict, "the home has moved on");
        MERIDIAN_CO_CHECK(co_await copy_.commit(std::move(transaction)));
        co_return Result<void>{};
    }
    io::Task<> catch_up() override {
        behind = false;
        ++caught_up;
        co_return Result<void>{};
    }
    bool behind = true;
    int caught_up = 0;

  private:
    FakeStore& copy_;
};

TEST_F(RolesTest, AConflictAtTheHomeCatchesUpAndTriesAgain) {
    LaggingLog lagging(account_store);
    stop();
    control = std::make_unique<ControlPlane>(
        context.get_executor(),
        ControlPlane::Parts{model::RegionName("sa-east-1"), store, account_store, lagging, code,
                            catalog, observer, provisioned, clock, random, log});
    make_role("r");
    EXPECT_EQ(lagging.caught_up, 1);
    EXPECT_TRUE(run(control->get_role(who, "r")));
}

TEST_F(RolesTest, OfTwoRolesOfOneNameAtOnceOneWins) {
    std::optional<Result<model::Role>> first, second;
    start(control->create_role(who, {.name = "r", .assume_role_policy_document = kTestTrust}),
          first);
    start(control->create_role(who, {.name = "r", .assume_role_policy_document = kTestTrust}),
          second);
    run_until([&] { return first && second; });
    EXPECT_NE(first->has_value(), second->has_value());
    EXPECT_EQ((*first ? *second : *first).error().code, Errc::kEntityAlreadyExists);
}

}  // namespace
}  // namespace meridian::control
