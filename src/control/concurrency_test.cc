// Reserved and provisioned concurrency together: they limit each other.

#include "control/control_plane_fixture.h"
#include "control/provisioned_concurrency.h"

namespace meridian::control {
namespace {

class ConcurrencyTest : public ControlPlaneTest {
  protected:
    ConcurrencyTest() {
        make_function();
        EXPECT_TRUE(publish());
        EXPECT_TRUE(update_code("PK2"));
        settle();
        EXPECT_TRUE(publish());
        for (auto const* name : {"live", "other"}) {
            EXPECT_TRUE(run(
                control->aliases().create(who, {.function = kName, .name = name, .version = "1"})));
        }
    }
    Result<void> reserve(std::uint32_t count, model::FunctionName const& name = kName) {
        return run(control->reserved_concurrency().put(
            who, name, count, control->provisioned_concurrency().total(who.account, name)));
    }
    Result<ProvisionedView> provision(std::string const& qualifier, std::uint32_t count) {
        return run(control->provisioned_concurrency().put(who, {kName, model::Qualifier(qualifier)},
                                                          count));
    }
    Result<ProvisionedView> provisioned_of(std::string const& qualifier) {
        return run(
            control->provisioned_concurrency().get(who, {kName, model::Qualifier(qualifier)}));
    }
    Result<void> unprovision(std::string const& qualifier) {
        return run(
            control->provisioned_concurrency().remove(who, {kName, model::Qualifier(qualifier)}));
    }
    using Counts = std::map<std::string, std::uint32_t>;

    inline static model::FunctionName const kName{"f"};
};

TEST_F(ConcurrencyTest, IsReservedShownAndGivenBack) {
    EXPECT_FALSE(*run(control->reserved_concurrency().get(who, kName)));
    ASSERT_TRUE(reserve(0));
    ASSERT_TRUE(reserve(7));
    EXPECT_EQ(*run(control->reserved_concurrency().get(who, kName)), 7u);
    EXPECT_EQ(run(control->get_account_settings(who))->unreserved_concurrent_executions, 993u);
    restart();
    EXPECT_EQ(control->reserved_concurrency().find(kTestAccount, "f"), 7u);
    EXPECT_EQ(run(control->get_function(who, {kName, {}}))->reserved_concurrency, 7u);
    ASSERT_TRUE(run(control->reserved_concurrency().remove(who, kName)));
    ASSERT_TRUE(run(control->reserved_concurrency().remove(who, kName))) << "done already";
    EXPECT_EQ(control->reserved_concurrency().total(kTestAccount), 0u);
}

TEST_F(ConcurrencyTest, AHundredStayUnreserved) {
    make_function("g");
    ASSERT_TRUE(reserve(500, model::FunctionName("g")));
    ASSERT_TRUE(reserve(400));
    auto const refused = reserve(401);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "Specified ReservedConcurrentExecutions for function decreases account's "
              "UnreservedConcurrentExecution below its minimum value of [100].");
    ASSERT_TRUE(remove("g"));
    EXPECT_TRUE(reserve(900)) << "what a deleted function had is free again";
}

TEST_F(ConcurrencyTest, ProvisionedFollowsItsAlias) {
    auto const put = provision("live", 3);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_EQ(put->status.initialised, 0u);
    EXPECT_EQ(provisioned.counts, (Counts{{"f:1", 3}}));
    EXPECT_EQ(provisioned_of("live")->status.initialised, 3u);
    ASSERT_TRUE(
        run(control->aliases().update(who, {.function = kName, .name = "live", .version = "2"})));
    EXPECT_EQ(provisioned.counts, (Counts{{"f:2", 3}}));
    provisioned.counts.clear();
    restart();
    EXPECT_EQ(provisioned.counts, (Counts{{"f:2", 3}}));
    ASSERT_TRUE(unprovision("live"));
    EXPECT_TRUE(provisioned.counts.empty());
    EXPECT_EQ(provisioned_of("live").error().code, Errc::kProvisionedConcurrencyConfigNotFound);
    ASSERT_TRUE(unprovision("live")) << "done already";
}

TEST_F(ConcurrencyTest, ProvisionedRefusesWhatAwsRefuses) {
    auto const message = [](auto const& result) { return result ? "" : result.error().message; };
    EXPECT_EQ(
        message(provision("$LATEST", 1)),
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
    EXPECT_EQ(message(provision("nowhere", 1)),
              "Cannot find alias arn: "
              "arn:aws:lambda:us-east-1:123456789012:function:f:nowhere");
    ASSERT_TRUE(provision("live", 1));
    EXPECT_EQ(message(provision("1", 1)), "Version is pointed by a Provisioned Concurrency alias");
    EXPECT_EQ(message(provision("other", 1)),
              "Alias can't be used for Provisioned Concurrency configuration on an already "
              "Provisioned version");
    EXPECT_EQ(message(provision("live", 901)),
              "Specified ConcurrentExecutions for function decreases account's "
              "UnreservedConcurrentExecution below its minimum value of [100].");
    ASSERT_TRUE(reserve(5));
    EXPECT_EQ(message(provision("live", 6)),
              "Requested Provisioned Concurrency should not be greater than the "
              "reservedConcurrentExecution for function");
    ASSERT_TRUE(provision("live", 5));
    EXPECT_FALSE(reserve(4));
}

TEST_F(ConcurrencyTest, IsGoneWithTheFunction) {
    ASSERT_TRUE(provision("2", 2));
    ASSERT_TRUE(reserve(10));
    ASSERT_TRUE(remove());
    EXPECT_TRUE(provisioned.counts.empty());
    EXPECT_EQ(control->reserved_concurrency().total(kTestAccount), 0u);
}

}  // namespace
}  // namespace meridian::control
