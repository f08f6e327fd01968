#include "control/aliases.h"

#include "control/control_plane_fixture.h"
#include "control/function_records.h"
#include "control/sub_records.h"

namespace meridian::control {
namespace {

class AliasesTest : public ControlPlaneTest {
  protected:
    AliasesTest() {
        make_function();
        EXPECT_TRUE(publish());
        EXPECT_TRUE(update_code("PK2"));
        settle();
        EXPECT_TRUE(publish());
    }
    Result<model::Alias> create(std::string const& name = "live", std::string const& version = "1",
                                VersionWeights weights = {}) {
        return run(control->aliases().create(who, {.function = model::FunctionName("f"),
                                                   .name = name,
                                                   .version = version,
                                                   .weights = std::move(weights)}));
    }
    Result<model::Alias> get(std::string const& name = "live") {
        return run(control->aliases().get(who, model::FunctionName("f"), name));
    }
    Result<model::Alias> update(UpdateAliasRequest request) {
        request.function = model::FunctionName("f");
        request.name = "live";
        return run(control->aliases().update(who, std::move(request)));
    }
    model::Alias const* published(std::string const& name = "live") {
        return control->aliases().published().find(kTestAccount, "f", name);
    }
};

TEST_F(AliasesTest, AreCreatedShownAndKeptOverARestart) {
    auto const made = create("live", "1", {{"2", 0.25}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->version, 1u);
    EXPECT_EQ(made->additional, (model::AdditionalVersion{2, 0.25}));
    EXPECT_EQ(*get(), *made);
    restart();
    EXPECT_EQ(*get(), *made);
    ASSERT_NE(published(), nullptr);
    EXPECT_EQ(*published(), *made);
}

TEST_F(AliasesTest, RefuseWhatAwsRefuses) {
    ASSERT_TRUE(create());
    auto const message = [](auto const& result) { return result ? "" : result.error().message; };
    EXPECT_EQ(message(create()),
              "Alias already exists: arn:aws:lambda:us-east-1:123456789012:function:f:live");
    EXPECT_EQ(message(create("a", "9")),
              "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:9");
    EXPECT_EQ(message(create("a", "1", {{"2", 0.1}, {"1", 0.1}})),
              "Number of items in AdditionalVersionWeights cannot be greater than 1");
    EXPECT_EQ(message(create("a", "1", {{"1", 0.1}})),
              "Invalid function version 1. Function version 1 is already included in routing "
              "configuration.");
    EXPECT_EQ(message(create("a", "$LATEST", {{"1", 0.1}})),
              "$LATEST is not supported for an alias pointing to more than 1 version");
    EXPECT_EQ(message(get("missing")),
              "Cannot find alias arn: "
              "arn:aws:lambda:us-east-1:123456789012:function:f:missing");
}

TEST_F(AliasesTest, AnUpdateKeepsWhatItDoesNotName) {
    auto const made = create("live", "1", {{"2", 0.5}});
    ASSERT_TRUE(made);
    auto const described = update({.description = "now"});
    ASSERT_TRUE(described) << described.error().message;
    EXPECT_EQ(described->additional, made->additional);
    EXPECT_NE(described->revision, made->revision);
    auto const stale = update({.description = "late", .revision_id = made->revision});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code, Errc::kPreconditionFailed);
    auto const clash = update({.version = "2"});
    ASSERT_FALSE(clash) << "its weight is version 2's, too";
    auto const cleared = update({.version = "2", .weights = VersionWeights{}});
    ASSERT_TRUE(cleared);
    EXPECT_EQ(cleared->version, 2u);
    EXPECT_FALSE(cleared->additional);
    EXPECT_EQ(cleared->description, "now");
}

TEST_F(AliasesTest, ArePagedByNameAndFilteredByVersion) {
    for (auto const* name : {"c", "a", "e", "b", "d"})
        ASSERT_TRUE(create(name, name[0] == 'b' || name[0] == 'd' ? "2" : "1"));
    std::string names, marker;
    do {
        auto const page = run(control->aliases().list(
            who, {.function = model::FunctionName("f"), .marker = marker, .max_items = 2}));
        ASSERT_TRUE(page);
        EXPECT_LE(page->aliases.size(), 2u);
        for (auto const& alias : page->aliases) names += alias.name;
        marker = page->next_marker;
    } while (!marker.empty());
    EXPECT_EQ(names, "abcde");
    auto const of_two = run(control->aliases().list(
        who, {.function = model::FunctionName("f"), .version = "2", .max_items = 1}));
    ASSERT_TRUE(of_two);
    EXPECT_EQ(of_two->aliases.at(0).name, "b");
    EXPECT_FALSE(of_two->next_marker.empty());
}

TEST_F(AliasesTest, GoWithTheirFunctionAndDoNotComeBack) {
    ASSERT_TRUE(create());
    ASSERT_TRUE(remove());
    EXPECT_EQ(published(), nullptr);
    // One that was made in the moment of the deletion is cleared away by the next creation.
    auto const key = store::Key{who.account, store::Kind::kAlias,
                                sub_id(model::FunctionName("f"), model::Qualifier("late"))};
    write(key, AliasCodec::to_json({.name = "late", .version = 1, .revision = {}}));
    make_function();
    EXPECT_FALSE(stored(key));
    EXPECT_FALSE(get());
    EXPECT_FALSE(get("late"));
}

TEST_F(AliasesTest, HoldTheVersionTheyPointTo) {
    ASSERT_TRUE(create("live", "1", {{"2", 0.5}}));
    for (auto const* version : {"1", "2"}) {
        auto const refused = remove("f", version);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::kResourceConflict);
    }
    ASSERT_TRUE(run(control->aliases().remove(who, model::FunctionName("f"), "live")));
    EXPECT_EQ(published(), nullptr);
    EXPECT_TRUE(remove("f", "1"));
    EXPECT_TRUE(run(control->aliases().remove(who, model::FunctionName("f"), "live")))
        << "deleting what is not there is done";
}

TEST_F(AliasesTest, AFunctionIsFoundThroughThem) {
    ASSERT_TRUE(create("live", "1"));
    auto const view = ControlHarness::get("f", "live");
    EXPECT_EQ(view.version.version.version.value(), "1");
    EXPECT_EQ(view.alias, model::Qualifier("live"));
}

TEST(ChooseVersion, FollowsTheWeight) {
    SeededRandom random(3);
    model::Alias const alias{
        .name = "a", .version = 1, .additional = model::AdditionalVersion{2, 0.2}, .revision = {}};
    int second = 0;
    for (int i = 0; i < 10'000; ++i) second += choose_version(alias, random) == 2 ? 1 : 0;
    EXPECT_NEAR(second, 2'000, 200);
    model::Alias never = alias;
    never.additional->weight = 0;
    model::Alias always = alias;
    always.additional->weight = 1;
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_EQ(choose_version(never, random), 1u);
        EXPECT_EQ(choose_version(always, random), 2u);
    }
}

}  // namespace
}  // namespace meridian::control
