// What the actions do to a region, over fakes. Texts and statuses of refusals are AWS's.

#include "control/control_plane.h"

#include <gtest/gtest.h>

#include "control/fakes.h"
#include "model/limits.h"

namespace meridian::control {
namespace {

class ControlPlaneTest : public testing::Test, protected ControlHarness {
  protected:
    ControlPlaneTest() { make_role(); }

    Result<FunctionView> update_code(std::string const& zip,
                                     std::optional<model::RevisionId> revision = std::nullopt) {
        return run(control->update_function_code(who, {.name = model::FunctionName("f"),
                                                       .zip_bytes = zip,
                                                       .revision_id = std::move(revision)}));
    }
    Result<FunctionView> update_settings(SettingsChange settings) {
        return run(control->update_function_configuration(
            who, {.name = model::FunctionName("f"), .settings = std::move(settings)}));
    }
    Result<FunctionView> publish(std::optional<std::string> description = std::nullopt) {
        return run(control->publish_version(
            who, {.name = model::FunctionName("f"), .description = std::move(description)}));
    }
    Result<void> remove(std::string const& name = "f",
                        std::optional<std::string> const& qualifier = std::nullopt) {
        FunctionAndQualifier what{model::FunctionName(name), {}};
        if (qualifier) what.qualifier = model::Qualifier(*qualifier);
        return run(control->delete_function(who, what));
    }
    std::string published_code(std::string const& version = "$LATEST") {
        auto const found = control->published().find(kTestAccount, "f", version);
        return found == nullptr ? "none" : code.packages[found->version.code.sha256];
    }
};

// --- Creating ---

TEST_F(ControlPlaneTest, AFunctionIsPendingAndThenActive) {
    code.cork();
    auto const made = run(control->create_function(who, creation()));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->version.status, pending_creation());
    EXPECT_EQ(made->version.version.version.value(), "$LATEST");
    EXPECT_FALSE(made->qualified_arn);
    EXPECT_EQ(control->published().find(kTestAccount, "f", "$LATEST")->status.state,
              model::State::kPending);

    code.uncork();
    settle();
    auto const now = get();
    EXPECT_EQ(now.version.status, active());
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_NE(model::visible_revision(now.version.version.revision, now.version.status),
              model::visible_revision(made->version.version.revision, made->version.status));
}

TEST_F(ControlPlaneTest, RefusesWhatAwsRefusesOnCreate) {
    struct Case {
        char const* name;
        std::function<void(CreateFunctionRequest&)> change;
        Errc code;
        std::string text;
    };
    std::string const too_long(65, 'a');
    model::Tags tags;
    for (int i = 0; i < 51; ++i) tags["k" + std::to_string(i)] = "v";
    Case const cases[] = {
        {"name of 65", [&](auto& r) { r.name = model::FunctionName(too_long); },
         Errc::kInvalidParameterValue,
         "1 validation error detected: Value '" + too_long +
             "' at 'functionName' failed to satisfy constraint: Member must have length less than "
             "or equal to 64"},
        {"no runtime", [](auto& r) { r.settings.runtime.reset(); }, Errc::kInvalidParameterValue,
         "Runtime and Handler are mandatory parameters for functions created with deployment "
         "packages."},
        {"no handler", [](auto& r) { r.settings.handler.reset(); }, Errc::kInvalidParameterValue,
         "Runtime and Handler are mandatory parameters for functions created with deployment "
         "packages."},
        {"deprecated runtime", [](auto& r) { r.settings.runtime = "nodejs14.x"; },
         Errc::kInvalidParameterValue,
         "The runtime parameter of nodejs14.x is no longer supported for creating or updating AWS "
         "Lambda functions. We "
         "recommend you use a supported runtime while creating or updating functions."},
        {"runtime not installed", [](auto& r) { r.settings.runtime = "java21"; },
         Errc::kInvalidParameterValue,
         "The runtime java21 is not installed here. Install it with `meridian runtime build "
         "java21` on each node and "
         "try again."},
        {"timeout", [](auto& r) { r.settings.timeout_seconds = 901; }, Errc::kValidation,
         "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
         "Member must have value "
         "less than or equal to 900"},
        {"memory", [](auto& r) { r.settings.memory_mb = 10'241; }, Errc::kValidation,
         "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: "
         "Member must have "
         "value less than or equal to 10240"},
        {"tmp", [](auto& r) { r.settings.ephemeral_storage_mb = 511; }, Errc::kValidation,
         "1 validation error detected: Value '511' at 'ephemeralStorage.size' failed to satisfy "
         "constraint: Member must "
         "have value greater than or equal to 512"},
        {"reserved variables",
         [](auto& r) {
             r.settings.environment =
                 model::EnvironmentVariables{{"AWS_REGION", "x"}, {"A1", "y"}, {"TZ", "z"}};
         },
         Errc::kInvalidParameterValue,
         "Lambda was unable to configure your environment variables because the environment "
         "variables you have provided "
         "contains reserved keys that are currently not supported for modification. Reserved keys "
         "used in this request: "
         "AWS_REGION, TZ"},
        {"too many tags", [&](auto& r) { r.tags = tags; }, Errc::kInvalidParameterValue,
         "Number of tags exceeds resource tag limit."},
        {"no such role",
         [](auto& r) { r.settings.role_arn = "arn:aws:iam::123456789012:role/other"; },
         Errc::kInvalidParameterValue,
         "The role defined for the function cannot be assumed by Lambda."},
        {"role of another path",
         [](auto& r) { r.settings.role_arn = "arn:aws:iam::123456789012:role/x/role"; },
         Errc::kInvalidParameterValue,
         "The role defined for the function cannot be assumed by Lambda."},
        {"role of another account",
         [](auto& r) { r.settings.role_arn = "arn:aws:iam::999999999999:role/role"; },
         Errc::kAccessDenied, "Cross-account pass role is not allowed."},
        {"no code", [](auto& r) { r.zip_bytes.clear(); }, Errc::kInvalidParameterValue,
         "Uploaded file must be a non-empty zip"},
        {"not a zip", [](auto& r) { r.zip_bytes = "hello"; }, Errc::kInvalidParameterValue,
         "Could not unzip uploaded file. Please check your file, then try to upload again."},
        {"51 MB", [](auto& r) { r.zip_bytes.resize(model::limits::kCodeZippedBytesMax + 1); },
         Errc::kRequestTooLarge, "Zipped size must be smaller than 52428800 bytes"},
    };
    for (auto const& test : cases) {
        auto request = creation();
        test.change(request);
        auto const made = run(control->create_function(who, std::move(request)));
        ASSERT_FALSE(made) << test.name;
        EXPECT_EQ(made.error().message, test.text) << test.name;
        EXPECT_EQ(made.error().code, test.code) << test.name;
    }
    EXPECT_EQ(store.commits, 0u) << "nothing is half stored";
    EXPECT_EQ(control->published().function_count(), 0u);
}

TEST_F(ControlPlaneTest, AnUnknownRuntimeNamesTheOnesThatAreKnown) {
    auto request = creation();
    request.settings.runtime = "cobol85";
    auto const made = run(control->create_function(who, std::move(request)));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::kInvalidParameterValue);
    EXPECT_TRUE(
        made.error().message.starts_with("Value cobol85 at 'runtime' failed to satisfy constraint: "
                                         "Member must satisfy enum value set: ["));
    EXPECT_TRUE(made.error().message.ends_with("] or be a valid ARN"));
    EXPECT_NE(made.error().message.find("nodejs22.x, "), std::string::npos);
}

TEST_F(ControlPlaneTest, TheEnvironmentIsMeasuredAsJsonText) {
    auto request = creation();
    // {"K1":"…"} is nine bytes around the value.
    request.settings.environment = model::EnvironmentVariables{
        {"K1", std::string(model::limits::kEnvironmentBytesMax - 9, 'v')}};
    EXPECT_TRUE(run(control->create_function(who, request)));
    request.name = model::FunctionName("g");
    (*request.settings.environment)["K1"] += 'v';
    auto const made = run(control->create_function(who, request));
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().message.starts_with(
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided "
        "exceeded the 4KB limit. String measured: {\"K1\":\"vvv"));
}

TEST_F(ControlPlaneTest, ARoleThatLambdaMayNotAssumeIsRefused) {
    make_role("ec2",
              R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":)"
              R"("ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]})");
    auto request = creation();
    request.settings.role_arn = "arn:aws:iam::123456789012:role/ec2";
    auto const made = run(control->create_function(who, std::move(request)));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message,
              "The role defined for the function cannot be assumed by Lambda.");
}

TEST_F(ControlPlaneTest, TheSameNameTwiceIsAConflict) {
    make_function();
    auto const again = run(control->create_function(who, creation()));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::kResourceConflict);
    EXPECT_EQ(again.error().message, "Function already exist: f");
}

TEST_F(ControlPlaneTest, OfTwoCreationsAtOnceOneWins) {
    std::optional<Result<FunctionView>> first, second;
    start(control->create_function(who, creation("f", "PK1")), first);
    start(control->create_function(who, creation("f", "PK2")), second);
    run_until([&] { return first && second; });
    EXPECT_NE(first->has_value(), second->has_value());
    auto const& lost = *first ? *second : *first;
    EXPECT_EQ(lost.error().message, "Function already exist: f");
    settle();
    EXPECT_EQ(published_code(), *first ? "PK1" : "PK2");
}

TEST_F(ControlPlaneTest, CreatingWithPublishAnswersVersionOne) {
    auto request = creation();
    request.publish = true;
    auto const made = run(control->create_function(who, request));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(made->qualified_arn);
    EXPECT_EQ(made->version.version.version.value(), "1");
    EXPECT_EQ(made->version.status.state, model::State::kPending);
    settle();
    EXPECT_EQ(get("f", "1").version.status, active());
    EXPECT_EQ(published_code("1"), "PK1");
    EXPECT_EQ(publish()->version.version.version.value(), "1") << "nothing has changed since";
}

TEST_F(ControlPlaneTest, AStoreThatFailsLeavesNothingBehind) {
    store.fail_commits.push_back({Errc::kIo, "disk full", {}});
    auto const made = run(control->create_function(who, creation()));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::kIo);
    EXPECT_FALSE(control->published().contains(kTestAccount, "f"));
    EXPECT_TRUE(run(control->create_function(who, creation())));
}

// --- Changing ---

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
    start(control->update_function_code(who, {.name = name, .zip_bytes = "PK2"}), first);
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
              who, {.name = name, .zip_bytes = "PK2", .revision_id = revision}),
          first);
    start(control->update_function_code(
              who, {.name = name, .zip_bytes = "PK3", .revision_id = revision}),
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
        who, {.name = model::FunctionName("f"), .zip_bytes = "PK-other", .dry_run = true}));
    ASSERT_TRUE(dry);
    EXPECT_EQ(dry->version.version.code.size_bytes, 8u);
    EXPECT_EQ(store.commits, commits);
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_FALSE(run(control->update_function_code(
        who, {.name = model::FunctionName("f"), .zip_bytes = "not a zip", .dry_run = true})));
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
    ASSERT_TRUE(run(control->delete_role(who, "role")));
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

// --- Versions ---

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
        who, {.name = model::FunctionName("f"), .zip_bytes = "PK2", .publish = true}));
    ASSERT_TRUE(updated);
    EXPECT_EQ(updated->version.version.version.value(), "1");
    EXPECT_TRUE(updated->qualified_arn);
    settle();
    EXPECT_EQ(get("f", "1").version.status, active());
    EXPECT_EQ(published_code("1"), "PK2");
    auto const same = run(control->update_function_code(
        who, {.name = model::FunctionName("f"), .zip_bytes = "PK2", .publish = true}));
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

// --- Deleting ---

TEST_F(ControlPlaneTest, DeletingTakesEverythingUnderTheFunction) {
    make_function();
    ASSERT_TRUE(publish());
    ASSERT_TRUE(remove());
    EXPECT_FALSE(control->published().contains(kTestAccount, "f"));
    EXPECT_EQ(observer.deleted, 1);
    EXPECT_FALSE(stored(version_key(who.account, model::FunctionName("f"), 1)));
    EXPECT_FALSE(remove());
}

TEST_F(ControlPlaneTest, OneVersionIsDeletedAlone) {
    make_function();
    ASSERT_TRUE(publish());
    EXPECT_EQ(remove("f", "$LATEST").error().message,
              "$LATEST version cannot be deleted without deleting the function.");
    EXPECT_EQ(remove("f", "$LATEST").error().code, Errc::kInvalidParameterValue);
    EXPECT_EQ(remove("f", "prod").error().message,
              "Deletion of aliases is not currently supported.");
    EXPECT_EQ(remove("g", "1").error().message,
              "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g:1");
    EXPECT_TRUE(remove("f", "1"));
    EXPECT_TRUE(remove("f", "1")) << "deleting what is not there is done";
    EXPECT_EQ(published_code("1"), "none");
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_EQ(publish()->version.version.version.value(), "2") << "its number is not used again";
}

TEST_F(ControlPlaneTest, APendingFunctionCanBeDeleted) {
    code.cork();
    ASSERT_TRUE(run(control->create_function(who, creation())));
    // Its preparation has begun.
    for (int i = 0; i < 20; ++i) context.poll_one();
    ASSERT_TRUE(remove());
    code.uncork();
    settle();
    EXPECT_FALSE(control->published().contains(kTestAccount, "f"));
    EXPECT_FALSE(run(control->get_function(who, {model::FunctionName("f"), {}})));
}

TEST_F(ControlPlaneTest, DeletedAndMadeAgainWhileTheFirstIsPrepared) {
    code.cork();
    ASSERT_TRUE(run(control->create_function(who, creation("f", "PK1"))));
    for (int i = 0; i < 20; ++i) context.poll_one();
    ASSERT_TRUE(remove());
    ASSERT_TRUE(run(control->create_function(who, creation("f", "PK2"))));
    code.uncork();
    settle();
    EXPECT_EQ(published_code(), "PK2");
    EXPECT_EQ(get().version.status, active());
}

// --- Lists, tags, account ---

TEST_F(ControlPlaneTest, FunctionsAreListedByNameInPages) {
    EXPECT_TRUE(run(control->list_functions(who, {}))->functions.empty());
    std::vector<std::string> expected;
    for (char c = 'a'; c < 'h'; ++c) expected.push_back(std::string("fn-") + c);
    for (auto const& name : {"fn-d", "fn-a", "fn-g", "fn-c", "fn-b", "fn-f", "fn-e"})
        make_function(name);
    for (std::size_t size :
         {std::size_t{1}, std::size_t{3}, std::size_t{7}, std::size_t{50}, std::size_t{10'000}}) {
        std::vector<std::string> seen;
        std::string marker;
        do {
            auto const page =
                run(control->list_functions(who, {.marker = marker, .max_items = size}));
            ASSERT_TRUE(page);
            EXPECT_LE(page->functions.size(), std::min<std::size_t>(size, 50));
            for (auto const& view : page->functions) seen.push_back(view.version.name.value());
            marker = page->next_marker;
        } while (!marker.empty());
        EXPECT_EQ(seen, expected) << size;
    }
    EXPECT_EQ(run(control->list_functions(who, {.marker = "!"})).error().code,
              Errc::kInvalidParameterValue);
}

TEST_F(ControlPlaneTest, APageHoldsFiftyAtMost) {
    for (int i = 0; i < 51; ++i) make_function("fn-" + std::to_string(i));
    auto const page = run(control->list_functions(who, {.max_items = 10'000}));
    EXPECT_EQ(page->functions.size(), 50u);
    EXPECT_FALSE(page->next_marker.empty());
}

TEST_F(ControlPlaneTest, AllVersionsAreListedInAnyPageSize) {
    std::vector<std::string> expected;
    for (auto const* name : {"a", "b", "f"}) {
        make_function(name);
        expected.push_back(std::string(name) + ":$LATEST");
        for (int i = 1; i <= 3; ++i) {
            ASSERT_TRUE(run(control->publish_version(who, {.name = model::FunctionName(name)})));
            expected.push_back(std::string(name) + ":" + std::to_string(i));
            ASSERT_TRUE(run(control->update_function_configuration(
                who, {.name = model::FunctionName(name), .settings = {.memory_mb = 128 + i}})));
            settle();
        }
    }
    for (std::size_t size = 1; size <= 14; ++size) {
        std::vector<std::string> seen;
        std::string marker;
        do {
            auto const page = run(control->list_functions(
                who, {.all_versions = true, .marker = marker, .max_items = size}));
            ASSERT_TRUE(page);
            ASSERT_FALSE(page->functions.empty());
            for (auto const& view : page->functions) {
                EXPECT_TRUE(view.qualified_arn);
                seen.push_back(view.version.name.value() + ":" +
                               view.version.version.version.value());
            }
            marker = page->next_marker;
        } while (!marker.empty());
        EXPECT_EQ(seen, expected) << "pages of " << size;
    }
}

TEST_F(ControlPlaneTest, TagsAreSetReplacedAndRemoved) {
    make_function();
    model::FunctionName const name("f");
    auto const revision = get().version.version.revision;
    ASSERT_TRUE(run(control->tag_function(who, name, {{"a", "1"}, {"b", "2"}})));
    ASSERT_TRUE(run(control->tag_function(who, name, {{"b", "3"}})));
    ASSERT_TRUE(run(control->untag_function(who, name, {"a", "missing"})));
    EXPECT_EQ(*run(control->list_function_tags(who, name)), (model::Tags{{"b", "3"}}));
    EXPECT_EQ(get().version.version.revision, revision);
    EXPECT_EQ(run(control->get_function(who, {name, {}}))->tags, (model::Tags{{"b", "3"}}));
    auto const empty = run(control->tag_function(who, name, {}));
    EXPECT_EQ(empty.error().message, "An error occurred and the request cannot be processed.");
    model::Tags many;
    for (int i = 0; i < 50; ++i) many["k" + std::to_string(i)] = "v";
    EXPECT_EQ(run(control->tag_function(who, name, many)).error().message,
              "Number of tags exceeds resource tag limit.");
    many.erase("k0");
    EXPECT_TRUE(run(control->tag_function(who, name, many)));
}

TEST_F(ControlPlaneTest, TheAccountsUsageCountsVersions) {
    make_function("f", "PK123");
    ASSERT_TRUE(publish());
    auto const settings = run(control->get_account_settings(who));
    EXPECT_EQ(settings->function_count, 1u);
    EXPECT_EQ(settings->total_code_bytes, 10u);
    ASSERT_TRUE(remove());
    EXPECT_EQ(run(control->get_account_settings(who))->total_code_bytes, 0u);
}

// --- Restarting and failing ---

TEST_F(ControlPlaneTest, ARestartFinishesWhatWasPending) {
    code.cork();
    ASSERT_TRUE(run(control->create_function(who, creation())));
    for (int i = 0; i < 20; ++i) context.poll_one();
    restart();
    EXPECT_EQ(control->published().find(kTestAccount, "f", "$LATEST")->status.state,
              model::State::kPending);
    code.uncork();
    settle();
    EXPECT_EQ(get().version.status, active());
    EXPECT_EQ(published_code(), "PK1");
}

TEST_F(ControlPlaneTest, ARestartDuringAnUpdateServesTheOldCodeFirst) {
    make_function();
    code.cork();
    ASSERT_TRUE(update_code("PK2"));
    for (int i = 0; i < 20; ++i) context.poll_one();
    restart();
    EXPECT_EQ(published_code(), "PK1");
    code.uncork();
    settle();
    EXPECT_EQ(published_code(), "PK2");
}

TEST_F(ControlPlaneTest, ARestartLoadsEverything) {
    make_function("f", "PK1");
    ASSERT_TRUE(publish());
    make_function("g", "PK2");
    restart();
    EXPECT_EQ(control->published().function_count(), 2u);
    EXPECT_EQ(published_code("1"), "PK1");
    EXPECT_TRUE(control->is_idle()) << "nothing is prepared anew";
    EXPECT_EQ(run(control->get_account_settings(who))->total_code_bytes, 9u);
}

TEST_F(ControlPlaneTest, ARecordThatCannotBeReadDoesNotStopTheOthers) {
    make_function();
    write(function_key(who.account, model::FunctionName("broken")), nlohmann::json{{"format", 99}});
    restart();
    EXPECT_EQ(control->published().function_count(), 1u);
    auto const got = run(control->get_function(who, {model::FunctionName("broken"), {}}));
    EXPECT_EQ(got.error().code, Errc::kCorrupt);
    EXPECT_EQ(run(control->code_in_use()).error().code, Errc::kCorrupt)
        << "then no package may be removed";
}

TEST_F(ControlPlaneTest, ADiskThatDoesNotAnswerIsTriedAgain) {
    code.fail_open = {{Errc::kIo, "no", {}}, {Errc::kUnavailable, "busy", {}}};
    make_function();
    EXPECT_EQ(get().version.status, active());
    EXPECT_EQ(code.opened, 3);
}

TEST_F(ControlPlaneTest, CodeThatIsDamagedFailsTheFunction) {
    code.fail_open = {{Errc::kCorrupt, "The package does not match its hash.", {}}};
    make_function();
    auto const status = get().version.status;
    EXPECT_EQ(status.state, model::State::kFailed);
    EXPECT_EQ(status.state_reason, "The package does not match its hash.");
    EXPECT_EQ(status.state_reason_code, "InvalidZipFileException");
    EXPECT_EQ(update_code("PK2").error().message,
              "The operation cannot be performed at this time. The function is currently in the "
              "following state: Failed");
    EXPECT_TRUE(remove());
}

TEST_F(ControlPlaneTest, AFailedUpdateKeepsTheOldCodeAlsoAfterARestart) {
    make_function();
    code.fail_open = {{Errc::kCorrupt, "The package does not match its hash.", {}}};
    ASSERT_TRUE(update_code("PK2"));
    settle();
    auto const status = get().version.status;
    EXPECT_EQ(status.state, model::State::kActive);
    EXPECT_EQ(status.last_update, model::LastUpdateStatus::kFailed);
    EXPECT_EQ(status.last_update_reason_code, "InvalidZipFileException");
    EXPECT_EQ(published_code(), "PK1");
    restart();
    EXPECT_EQ(published_code(), "PK1");
    auto const used = run(control->code_in_use());
    EXPECT_EQ(used->size(), 2u) << "what runs is needed as well as what is defined";
    // Another update mends it.
    ASSERT_TRUE(update_code("PK3"));
    EXPECT_EQ(published_code(), "PK1");
    settle();
    EXPECT_EQ(published_code(), "PK3");
    EXPECT_EQ(get().version.status, active());
}

TEST_F(ControlPlaneTest, ARuntimeThatIsGoneFailsTheUpdateThatWaitsForIt) {
    make_function();
    code.cork();
    ASSERT_TRUE(update_code("PK2"));
    for (int i = 0; i < 20; ++i) context.poll_one();
    runtimes.installed.clear();
    restart();
    code.uncork();
    settle();
    EXPECT_EQ(get().version.status.last_update_reason_code, "InvalidRuntime");
    EXPECT_EQ(published_code(), "PK1");
}

TEST_F(ControlPlaneTest, AStatusThatCannotBeWrittenIsWrittenLater) {
    ASSERT_TRUE(run(control->create_function(who, creation())));
    store.fail_commits = {{Errc::kIo, "disk full", {}}, {Errc::kConflict, "moved", {}}};
    settle();
    EXPECT_EQ(get().version.status, active());
}

TEST_F(ControlPlaneTest, AChangeFromAnotherRegionIsPreparedAndServed) {
    make_function();
    auto const key = function_key(who.account, model::FunctionName("f"));
    auto function = *function_from_record(key, stored(key)->value);
    code.packages[model::CodeSha256("sha-of-other")] = "PK-other";
    function.latest.code = {model::CodeSha256("sha-of-other"), 8};
    function.latest.revision = {model::RevisionId("r1"), model::RevisionId("r2")};
    write(key, function_to_json(function));
    code.cork();
    ASSERT_TRUE(run(control->function_replicated(who.account, function.name)));
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_EQ(get().version.status, update_in_progress());
    code.uncork();
    settle();
    EXPECT_EQ(published_code(), "PK-other");
    write(key, std::nullopt);
    ASSERT_TRUE(run(control->function_replicated(who.account, function.name)));
    EXPECT_FALSE(control->published().contains(kTestAccount, "f"));
}

TEST_F(ControlPlaneTest, TheCallerIsInTheLog) {
    make_function();
    auto const log = run(store.read_log(store::LogName::kRegion, 0, 10));
    ASSERT_EQ(log->size(), 1u) << "statuses are not logged";
    EXPECT_EQ(log->front().caller, "arn:aws:iam::123456789012:root");
}

}  // namespace
}  // namespace meridian::control
