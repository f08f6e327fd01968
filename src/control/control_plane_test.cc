// Creating, deleting, listing, tagging.
// Texts and codes of refusals are AWS's.

#include "control/control_plane.h"

#include <functional>

#include "control/control_plane_fixture.h"
#include "model/limits.h"

namespace meridian::control {
namespace {

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

TEST_F(ControlPlaneTest, WithNothingToPrepareAFunctionIsActiveAtOnce) {
    code.ready_at_once = true;
    auto const made = run(control->create_function(who, creation()));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->version.status, pending_creation()) << "AWS's answer says so";
    EXPECT_TRUE(control->is_idle());
    EXPECT_EQ(get().version.status, active());
    EXPECT_EQ(published_code(), "PK1");
    EXPECT_EQ(run(control->create_function(who, creation())).error().code, Errc::kResourceConflict);
}

TEST_F(ControlPlaneTest, WhatMayHaveBeenStoredAsActiveIsFound) {
    code.ready_at_once = true;
    store.doubt_next_commit = true;
    EXPECT_EQ(run(control->create_function(who, creation())).error().code, Errc::kOutcomeUnknown);
    settle();
    EXPECT_EQ(published_code(), "PK1");
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
        {"no code", [](auto& r) { r.package.zip_bytes.clear(); }, Errc::kInvalidParameterValue,
         "Uploaded file must be a non-empty zip"},
        {"not a zip", [](auto& r) { r.package.zip_bytes = "hello"; }, Errc::kInvalidParameterValue,
         "Could not unzip uploaded file. Please check your file, then try to upload again."},
        {"51 MB",
         [](auto& r) { r.package.zip_bytes.resize(model::limits::kCodeZippedBytesMax + 1); },
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
    EXPECT_FALSE(made->qualified_arn) << "recorded";
    EXPECT_EQ(made->version.version.version.value(), "1");
    EXPECT_EQ(made->version.status.state, model::State::kPending);
    settle();
    EXPECT_EQ(get("f", "1").version.status, active());
    EXPECT_EQ(published_code("1"), "PK1");
    EXPECT_EQ(publish()->version.version.version.value(), "1") << "nothing has changed since";
}

TEST_F(ControlPlaneTest, TheCommitThatNamesASmallPackageCarriesIt) {
    code.commits_carry = true;
    auto const name = [](char const* zip) {
        return model::CodeSha256(crypto::sha256_base64(std::string_view(zip)));
    };
    store.fail_commits.push_back({Errc::kConflict, "a rival", {}});
    make_function("f", "PK1");
    EXPECT_EQ(store.carried, std::vector{name("PK1")}) << "by the second try";
    ASSERT_TRUE(update_code("PK2"));
    settle();
    EXPECT_EQ(store.carried, (std::vector{name("PK1"), name("PK2")}));
    ASSERT_TRUE(
        run(control->layers().publish(who, {.layer = "l", .package = {.zip_bytes = "PK3"}})));
    EXPECT_EQ(store.carried, (std::vector{name("PK1"), name("PK2"), name("PK3")}));
}

TEST_F(ControlPlaneTest, AStoreThatFailsLeavesNothingBehind) {
    store.fail_commits.push_back({Errc::kIo, "disk full", {}});
    auto const made = run(control->create_function(who, creation()));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::kIo);
    EXPECT_FALSE(control->published().contains(kTestAccount, "f"));
    EXPECT_TRUE(run(control->create_function(who, creation())));
}

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
              "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g");
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
    EXPECT_NE(get().version.version.revision, revision);
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

}  // namespace
}  // namespace meridian::control
