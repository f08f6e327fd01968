// Updating and publishing.
// Texts and codes of refusals are AWS's.

#include <functional>

#include "control/control_plane_fixture.h"
#include "model/limits.h"

namespace meridian::control {
namespace {

TEST_F(ControlPlaneTest, AnUpdateRunsTheOldCodeUntilTheNewIsReady) {
    auto const before = make_function();
    clock.advance(std::chrono::seconds(5));
    code.cork();
    auto const updated = update_code("PK2");
    ASSERT_TRUE(updated) << updated.error().message;
    EXPECT_EQ(updated->version.status, update_in_progress());
    EXPECT_GT(updated->version.version.last_modified, before.version.version.last_modified);
    EXPECT_EQ(published_code(), "PK1");
    code.uncork();
    settle();
    EXPECT_EQ(published_code(), "PK2");
    EXPECT_EQ(get().version.status, active());
}

TEST_F(ControlPlaneTest, EveryRevisionIdIsNew) {
    std::set<std::string> seen;
    auto const note = [&](FunctionView const& view) {
        seen.insert(
            model::visible_revision(view.version.version.revision, view.version.status).value());
    };
    note(*run(control->create_function(who, creation())));
    settle();
    note(get());
    note(*update_code("PK2"));
    settle();
    note(get());
    EXPECT_EQ(seen.size(), 4u);
    note(*publish());
    note(get());
    EXPECT_EQ(seen.size(), 6u) << "publishing gives the version its own and changes $LATEST's";
    note(get());
    note(get("f", "1"));
    EXPECT_EQ(seen.size(), 6u);
}

TEST_F(ControlPlaneTest, ChangesAreRefusedWhileOneIsInProgress) {
    code.cork();
    ASSERT_TRUE(run(control->create_function(who, creation())));
    model::FunctionName const name("f");
    struct Case {
        char const* name;
        std::function<Result<void>()> change;
        bool refused_in_progress = true;
    };
    auto const done = [](auto result) -> Result<void> {
        if (!result) return std::unexpected(result.error());
        return {};
    };
    Case const cases[] = {
        {"UpdateFunctionCode", [&] { return done(update_code("PK9")); }},
        {"UpdateFunctionConfiguration", [&] { return done(update_settings({.memory_mb = 256})); }},
        {"PublishVersion", [&] { return done(publish()); }},
        {"TagResource", [&] { return done(run(control->tag_function(who, name, {{"a", "b"}}))); }},
    };
    for (auto const& test : cases) {
        auto const refused = test.change();
        ASSERT_FALSE(refused) << test.name;
        EXPECT_EQ(refused.error().code, Errc::kResourceConflict) << test.name;
        EXPECT_EQ(refused.error().message,
                  "The operation cannot be performed at this time. The function is currently in "
                  "the following state: "
                  "Pending")
            << test.name;
    }
    code.uncork();
    settle();
    code.cork();
    ASSERT_TRUE(update_code("PK2"));
    for (auto const& test : cases) {
        auto const refused = test.change();
        ASSERT_FALSE(refused) << test.name;
        EXPECT_EQ(refused.error().code, Errc::kResourceConflict) << test.name;
        EXPECT_EQ(refused.error().message,
                  "The operation cannot be performed at this time. An update is in progress for "
                  "resource: "
                  "arn:aws:lambda:us-east-1:123456789012:function:f")
            << test.name;
    }
    code.uncork();
    settle();
}

TEST_F(ControlPlaneTest, OfTwoUpdatesAtOnceOneWinsAndTheOtherIsTold) {
    make_function();
    std::optional<Result<FunctionView>> first, second;
    code.cork();
    model::FunctionName const name("f");
    start(control->update_function_code(who, {.name = name, .package = {.zip_bytes = "PK2"}}),
          first);
    start(
        control->update_function_configuration(who, {.name = name, .settings = {.memory_mb = 256}}),
        second);
    run_until([&] { return first && second; });
    EXPECT_NE(first->has_value(), second->has_value());
    auto const& lost = *first ? *second : *first;
    EXPECT_EQ(
        lost.error().message,
        "The operation cannot be performed at this time. An update is in progress for resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:f");
    code.uncork();
    settle();
    EXPECT_EQ(get().version.status, active());
}

TEST_F(ControlPlaneTest, ARevisionIdThatIsNotTheLatestIsRefused) {
    auto const made = run(control->create_function(who, creation()));
    settle();
    auto const stale = made->version.version.revision.while_in_progress;
    auto const current = made->version.version.revision.settled;
    constexpr char const* kText =
        "The Revision Id provided does not match the latest Revision Id. Call the "
        "GetFunction/GetAlias API to retrieve "
        "the latest Revision Id";
    model::FunctionName const name("f");
    auto const code_update = update_code("PK2", stale);
    auto const settings_update = run(control->update_function_configuration(
        who, {.name = name, .settings = {.memory_mb = 256}, .revision_id = stale}));
    auto const publication =
        run(control->publish_version(who, {.name = name, .revision_id = stale}));
    for (auto const* refused : {&code_update, &settings_update, &publication}) {
        ASSERT_FALSE(*refused);
        EXPECT_EQ(refused->error().code, Errc::kPreconditionFailed);
        EXPECT_EQ(refused->error().message, kText);
    }
    EXPECT_TRUE(update_code("PK2", current));
}

TEST_F(ControlPlaneTest, OfTwoUpdatesWithOneRevisionIdTheLoserFailsItsPrecondition) {
    make_function();
    auto const revision = get().version.version.revision.settled;
    std::optional<Result<FunctionView>> first, second;
    model::FunctionName const name("f");
    start(control->update_function_code(
              who, {.name = name, .package = {.zip_bytes = "PK2"}, .revision_id = revision}),
          first);
    start(control->update_function_code(
              who, {.name = name, .package = {.zip_bytes = "PK3"}, .revision_id = revision}),
          second);
    run_until([&] { return first && second; });
    EXPECT_NE(first->has_value(), second->has_value());
    auto const& lost = *first ? *second : *first;
    EXPECT_EQ(lost.error().code, Errc::kPreconditionFailed);
}

TEST_F(ControlPlaneTest, ADryRunChangesNothing) {
    make_function();
    auto const commits = store.commits;
    auto const dry = run(control->update_function_code(
        who,
        {.name = model::FunctionName("f"), .package = {.zip_bytes = "PK-other"}, .dry_run = true}));
    ASSERT_TRUE(dry);
    EXPECT_EQ(dry->version.version.code.size_bytes, 8u);
    EXPECT_EQ(store.commits, commits);
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_FALSE(run(control->update_function_code(who, {.name = model::FunctionName("f"),
                                                         .package = {.zip_bytes = "not a zip"},
                                                         .dry_run = true})));
}

TEST_F(ControlPlaneTest, UpdatingSettingsKeepsWhatIsNotNamed) {
    auto request = creation();
    request.settings.environment = model::EnvironmentVariables{{"A1", "1"}, {"B1", "2"}};
    request.settings.description = "first";
    ASSERT_TRUE(run(control->create_function(who, request)));
    settle();
    ASSERT_TRUE(update_settings({.timeout_seconds = 30}));
    settle();
    auto const& settings = get().version.version.settings;
    EXPECT_EQ(settings.timeout_seconds, 30);
    EXPECT_EQ(settings.description, "first");
    EXPECT_EQ(settings.environment, (model::EnvironmentVariables{{"A1", "1"}, {"B1", "2"}}));
    ASSERT_TRUE(update_settings({.environment = model::EnvironmentVariables{{"C1", "3"}}}));
    settle();
    EXPECT_EQ(get().version.version.settings.environment,
              (model::EnvironmentVariables{{"C1", "3"}}));
    ASSERT_TRUE(update_settings({.environment = model::EnvironmentVariables{}}));
    settle();
    EXPECT_EQ(get().version.version.settings.environment, model::EnvironmentVariables{});
}

TEST_F(ControlPlaneTest, AnUpdateChecksItsSettingsAndItsRole) {
    make_function();
    EXPECT_EQ(update_settings({.timeout_seconds = 0}).error().code, Errc::kValidation);
    EXPECT_EQ(update_settings({.runtime = "go1.x"}).error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(update_settings({.role_arn = "arn:aws:iam::123456789012:role/none"}).error().message,
              "The role defined for the function cannot be assumed by Lambda.");
    // The role it has may be gone by now; what does not name it does not ask for it.
    ASSERT_TRUE(run(identities.manager.delete_role(who, "role")));
    EXPECT_TRUE(update_settings({.timeout_seconds = 5}));
}

TEST_F(ControlPlaneTest, MissingFunctionsAreNotFoundInAwsWords) {
    constexpr char const* kText =
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f";
    model::FunctionName const name("f");
    EXPECT_EQ(update_code("PK2").error().message, kText);
    EXPECT_EQ(update_settings({}).error().message, kText);
    EXPECT_EQ(publish().error().message, kText);
    EXPECT_EQ(remove().error().message, kText);
    EXPECT_EQ(run(control->tag_function(who, name, {{"a", "b"}})).error().message, kText);
    EXPECT_EQ(run(control->untag_function(who, name, {"a"})).error().message, kText);
    EXPECT_EQ(run(control->list_function_tags(who, name)).error().message, kText);
    EXPECT_EQ(run(control->list_versions_by_function(who, {.name = name})).error().message, kText);
    EXPECT_EQ(run(control->get_function(who, {name, {}})).error().message, kText);
    EXPECT_EQ(run(control->get_function(who, {name, model::Qualifier("3")})).error().message,
              std::string(kText) + ":3");
    make_function();
    for (auto const* qualifier : {"3", "alias", "$LATEST.PUBLISHED", "007"}) {
        auto const got = run(control->get_function(who, {name, model::Qualifier(qualifier)}));
        ASSERT_FALSE(got) << qualifier;
        EXPECT_EQ(got.error().code, Errc::kResourceNotFound);
        EXPECT_EQ(got.error().message, std::string(kText) + ":" + qualifier);
    }
    Requester const stranger{model::AccountId("999999999999"), "arn:aws:iam::999999999999:root"};
    EXPECT_FALSE(run(control->get_function(stranger, {name, {}})))
        << "accounts do not see each other";
}

TEST_F(ControlPlaneTest, PublishingTwiceWithoutAChangeGivesTheSameVersion) {
    make_function();
    auto const one = publish("first");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->version.version.version.value(), "1");
    EXPECT_EQ(one->version.version.settings.description, "first");
    EXPECT_EQ(one->version.status, active());
    auto const again = publish("another description makes no version");
    EXPECT_EQ(again->version.version, one->version.version);

    ASSERT_TRUE(update_settings({.description = "changed"}));
    settle();
    EXPECT_EQ(publish()->version.version.version.value(), "2");
    ASSERT_TRUE(update_code("PK2"));
    settle();
    EXPECT_EQ(publish()->version.version.version.value(), "3");
    EXPECT_EQ(get("f", "1").version.version.settings.description, "first")
        << "versions never change";
    EXPECT_EQ(published_code("1"), "PK1");
    EXPECT_EQ(published_code("3"), "PK2");
}

TEST_F(ControlPlaneTest, PublishingAtOnceGivesOneVersion) {
    make_function();
    std::vector<std::optional<Result<FunctionView>>> outcomes(5);
    for (auto& outcome : outcomes) {
        start(control->publish_version(who, {.name = model::FunctionName("f")}), outcome);
    }
    run_until(
        [&] { return std::ranges::all_of(outcomes, [](auto const& o) { return o.has_value(); }); });
    for (auto const& outcome : outcomes) {
        ASSERT_TRUE(*outcome) << outcome->error().message;
        EXPECT_EQ((*outcome)->version.version.version.value(), "1");
    }
}

TEST_F(ControlPlaneTest, PublishingChecksTheHash) {
    auto const made = make_function();
    auto const& sha = made.version.version.code.sha256;
    auto const wrong = run(control->publish_version(
        who, {.name = model::FunctionName("f"), .code_sha256 = model::CodeSha256("abc")}));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(wrong.error().message,
              "CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST (" + sha.value() +
                  "). Please try again with the CodeSHA256 in $LATEST.");
    EXPECT_TRUE(
        run(control->publish_version(who, {.name = model::FunctionName("f"), .code_sha256 = sha})));
}

TEST_F(ControlPlaneTest, UpdatingWithPublishMakesAVersion) {
    make_function();
    auto const updated = run(control->update_function_code(
        who, {.name = model::FunctionName("f"), .package = {.zip_bytes = "PK2"}, .publish = true}));
    ASSERT_TRUE(updated);
    EXPECT_EQ(updated->version.version.version.value(), "1");
    EXPECT_TRUE(updated->qualified_arn);
    settle();
    EXPECT_EQ(get("f", "1").version.status, active());
    EXPECT_EQ(published_code("1"), "PK2");
    auto const same = run(control->update_function_code(
        who, {.name = model::FunctionName("f"), .package = {.zip_bytes = "PK2"}, .publish = true}));
    EXPECT_EQ(same->version.version.version.value(), "1");
}

TEST_F(ControlPlaneTest, VersionNumbersGoOnAfterDeletionAndRecreation) {
    make_function();
    ASSERT_TRUE(publish());
    ASSERT_TRUE(update_code("PK2"));
    settle();
    EXPECT_EQ(publish()->version.version.version.value(), "2");
    ASSERT_TRUE(remove());
    EXPECT_EQ(published_code("1"), "none");
    make_function();
    EXPECT_EQ(publish()->version.version.version.value(), "3");
    EXPECT_EQ(published_code("1"), "none");
}

TEST_F(ControlPlaneTest, VersionsAreListedLatestFirst) {
    make_function();
    for (int i = 2; i <= 5; ++i) {
        ASSERT_TRUE(publish());
        ASSERT_TRUE(update_code("PK" + std::to_string(i)));
        settle();
    }
    std::vector<std::string> seen;
    std::string marker;
    int pages = 0;
    do {
        auto const page = run(control->list_versions_by_function(
            who, {.name = model::FunctionName("f"), .marker = marker, .max_items = 2}));
        ASSERT_TRUE(page) << page.error().message;
        EXPECT_LE(page->functions.size(), 2u);
        for (auto const& view : page->functions) {
            EXPECT_TRUE(view.qualified_arn);
            seen.push_back(view.version.version.version.value());
        }
        marker = page->next_marker;
        ++pages;
    } while (!marker.empty());
    EXPECT_EQ(seen, (std::vector<std::string>{"$LATEST", "1", "2", "3", "4"}));
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(run(control->list_versions_by_function(
                      who, {.name = model::FunctionName("f"), .marker = "bogus"}))
                  .error()
                  .code,
              Errc::kInvalidParameterValue);
}

}  // namespace
}  // namespace meridian::control
