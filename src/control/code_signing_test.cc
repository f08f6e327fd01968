#include "control/code_signing.h"

#include "control/control_plane_fixture.h"

namespace meridian::control {
namespace {

using nlohmann::json;

class CodeSigningTest : public ControlPlaneTest {
  protected:
    std::string make_config(std::string const& policy = "Warn") {
        auto const made = run(control->code_signing().create(
            who, {{"CodeSigningPolicies", {{"UntrustedArtifactOnDeployment", policy}}}}));
        return control->code_signing().arn(who.account, made->id);
    }
    Result<void> put(std::string const& arn) {
        return run(control->code_signing().put_for_function(who, model::FunctionName("f"), arn));
    }
    Result<void> remove_config(std::string const& arn) {
        return run(control->code_signing().remove(who, arn));
    }
    std::size_t users(std::string const& arn) {
        return run(control->code_signing().functions(who, arn, "", 50))->functions.size();
    }
};

TEST_F(CodeSigningTest, EnforceRefusesCodeAndLayersButNoSettings) {
    make_function();
    ASSERT_TRUE(
        run(control->layers().publish(who, {.layer = "l", .package = {.zip_bytes = "PK1"}})));
    auto const arn = make_config("Enforce");
    ASSERT_TRUE(put(arn));
    restart();
    EXPECT_EQ(update_code("PK2").error().code, Errc::kCodeVerificationFailed);
    EXPECT_EQ(update_settings({.layer_arns = {{"arn:aws:lambda:us-east-1:123456789012:layer:l:1"}}})
                  .error()
                  .code,
              Errc::kCodeVerificationFailed);
    EXPECT_TRUE(update_settings({.description = "d"}));
    settle();
    EXPECT_TRUE(update_settings({.layer_arns = std::vector<std::string>{}}));
    settle();
    ASSERT_TRUE(run(control->code_signing().remove_for_function(who, model::FunctionName("f"))));
    EXPECT_TRUE(update_code("PK2"));
}

TEST_F(CodeSigningTest, AConfigIsEnforcedFromTheMomentThatItIsPut) {
    make_function();
    auto const arn = make_config("Enforce");
    std::optional<Result<FunctionView>> updated;
    std::optional<Result<void>> attached;
    start(control->update_function_code(
              who, {.name = model::FunctionName("f"), .package = {.zip_bytes = "PK2"}}),
          updated);
    start(control->code_signing().put_for_function(who, model::FunctionName("f"), arn), attached);
    run_until([&] { return updated && attached; });
    ASSERT_TRUE(*attached);
    // The update stores its code first: it decides again on what it finds then.
    EXPECT_FALSE(*updated);
}

TEST_F(CodeSigningTest, AConfigInUseStaysAndGoesWithoutItsFunction) {
    make_function();
    auto const arn = make_config();
    ASSERT_TRUE(put(arn));
    EXPECT_EQ(users(arn), 1U);
    EXPECT_EQ(remove_config(arn).error().code, Errc::kResourceConflict);
    ASSERT_TRUE(remove());
    EXPECT_EQ(users(arn), 0U);
    make_function();
    EXPECT_EQ(users(arn), 0U) << "a new function of the name has none";
    EXPECT_TRUE(remove_config(arn));
    EXPECT_EQ(put(arn).error().code, Errc::kCodeSigningConfigNotFound);
}

TEST_F(CodeSigningTest, AFunctionAndTheDeletionOfItsConfigDoNotCross) {
    make_function();
    auto const arn = make_config();
    std::optional<Result<void>> attached, removed;
    start(control->code_signing().remove(who, arn), removed);
    start(control->code_signing().put_for_function(who, model::FunctionName("f"), arn), attached);
    run_until([&] { return attached && removed; });
    EXPECT_NE(attached->has_value(), removed->has_value());
}

TEST_F(CodeSigningTest, ACreationTakesTheConfigWithIt) {
    auto request = creation();
    request.code_signing_config_arn = make_config("Enforce");
    EXPECT_EQ(run(control->create_function(who, request)).error().code,
              Errc::kCodeVerificationFailed);
    request.code_signing_config_arn = make_config();
    ASSERT_TRUE(run(control->create_function(who, request)));
    EXPECT_EQ(run(control->code_signing().of_function(who, request.name)),
              request.code_signing_config_arn);
    request.name = model::FunctionName("g");
    request.code_signing_config_arn += "x";
    EXPECT_EQ(run(control->create_function(who, request)).error().code,
              Errc::kCodeSigningConfigNotFound);
}

TEST_F(CodeSigningTest, ListingsHavePages) {
    std::set<std::string> made{make_config(), make_config(), make_config()};
    std::set<std::string> found;
    std::string marker;
    do {
        auto const page = run(control->code_signing().list(who, marker, 2));
        ASSERT_TRUE(page);
        for (auto const& config : page->configs)
            found.insert(control->code_signing().arn(who.account, config.id));
        marker = page->next_marker;
    } while (!marker.empty());
    EXPECT_EQ(found, made);

    auto const arn = *made.begin();
    for (auto const* name : {"a", "b", "c"}) {
        make_function(name);
        ASSERT_TRUE(
            run(control->code_signing().put_for_function(who, model::FunctionName(name), arn)));
    }
    auto const first = run(control->code_signing().functions(who, arn, "", 2));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->functions.size(), 2U);
    auto const rest = run(control->code_signing().functions(who, arn, first->next_marker, 2));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->functions, std::vector{model::FunctionName("c")});
}

}  // namespace
}  // namespace meridian::control
