// URL configs, event-invoke configs and the other options of a function.

#include "control/control_plane_fixture.h"

namespace meridian::control {
namespace {

using nlohmann::json;

class FunctionPartsTest : public ControlPlaneTest {
  protected:
    FunctionPartsTest() {
        make_function();
        EXPECT_TRUE(publish());
        EXPECT_TRUE(run(control->aliases().create(
            who, {.function = model::FunctionName("f"), .name = "live", .version = "1"})));
    }
    static FunctionAndQualifier of(std::string const& qualifier = "") {
        FunctionAndQualifier what{model::FunctionName("f"), {}};
        if (!qualifier.empty()) what.qualifier = model::Qualifier(qualifier);
        return what;
    }
};

TEST_F(FunctionPartsTest, AUrlKeepsItsIdAndOutlivesItsAlias) {
    auto& urls = control->function_urls();
    auto const made = run(urls.create(who, of("live"), {{"AuthType", "NONE"}}));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_FALSE(run(urls.create(who, of("live"), {{"AuthType", "NONE"}})));
    ASSERT_TRUE(run(urls.create(who, of(), {{"AuthType", "AWS_IAM"}})));
    EXPECT_FALSE(run(urls.create(who, of("$LATEST"), {{"AuthType", "NONE"}}))) << "the same URL";
    auto const changed = run(urls.update(who, of("live"), {{"AuthType", "AWS_IAM"}}));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->config.settings["UrlId"], made->config.settings["UrlId"]);
    EXPECT_EQ(changed->config.settings["AuthType"], "AWS_IAM");
    ASSERT_TRUE(run(control->aliases().remove(who, model::FunctionName("f"), "live")));
    EXPECT_TRUE(run(urls.get(who, of("live"))));
    EXPECT_FALSE(run(urls.create(who, of("gone"), {{"AuthType", "NONE"}})));
    auto const first = run(urls.list(who, model::FunctionName("f"), "", 1));
    ASSERT_TRUE(first);
    ASSERT_EQ(first->urls.size(), 1u);
    EXPECT_EQ(first->urls[0].qualifier.value(), "") << "the function's own comes first";
    auto const second = run(urls.list(who, model::FunctionName("f"), first->next_marker, 1));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->urls.at(0).qualifier.value(), "live");
    EXPECT_EQ(second->next_marker, "");
    ASSERT_TRUE(run(urls.remove(who, of("live"))));
    EXPECT_FALSE(run(urls.remove(who, of("live"))));
}

TEST_F(FunctionPartsTest, EventInvokeConfigsAreReplacedByPutAndChangedByUpdate) {
    auto& configs = control->event_invoke_configs();
    EXPECT_FALSE(run(configs.update(who, of("live"), {{"MaximumRetryAttempts", 1}})))
        << "there is none to change";
    ASSERT_TRUE(run(configs.put(who, of("live"), {{"MaximumRetryAttempts", 1}})));
    auto const changed = run(configs.update(who, of("live"), {{"MaximumEventAgeInSeconds", 60}}));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->config.settings,
              (json{{"MaximumRetryAttempts", 1}, {"MaximumEventAgeInSeconds", 60}}));
    ASSERT_TRUE(run(configs.put(who, of("live"), {{"MaximumRetryAttempts", 0}})));
    EXPECT_EQ(run(configs.get(who, of("live")))->config.settings,
              (json{{"MaximumRetryAttempts", 0}}));
    ASSERT_TRUE(run(configs.put(who, of("1"), {{"MaximumRetryAttempts", 2}})));
    EXPECT_EQ(run(configs.list(who, model::FunctionName("f"), "", 50))->configs.size(), 2u);
    EXPECT_FALSE(run(configs.put(who, of("9"), {{"MaximumRetryAttempts", 2}})));
    EXPECT_FALSE(run(configs.put(who, of(), json::object())));
    ASSERT_TRUE(run(control->aliases().remove(who, model::FunctionName("f"), "live")));
    ASSERT_TRUE(remove("f", "1"));
    EXPECT_FALSE(run(configs.get(who, of("1")))) << "it went with the version";
    ASSERT_TRUE(run(configs.remove(who, of("live"))));
    EXPECT_FALSE(run(configs.get(who, of("live"))));
}

TEST_F(FunctionPartsTest, DestinationsAreChecked) {
    auto const put = [&](std::string const& arn) {
        auto const done = run(control->event_invoke_configs().put(
            who, of(), {{"DestinationConfig", {{"OnFailure", {{"Destination", arn}}}}}}));
        return done ? std::string() : done.error().message;
    };
    EXPECT_EQ(put("arn:aws:sqs:us-east-1:123456789012:queue"), "");
    EXPECT_EQ(put("arn:aws:s3:::bucket"), "");
    EXPECT_EQ(put("nonsense"),
              "The provided destination config DestinationConfig(onSuccess=null, "
              "onFailure=OnFailure(destination=nonsense)) is invalid.");
    EXPECT_EQ(put("arn:aws:lambda:us-east-1:123456789012:function:f:live"),
              "You can't specify the function as a destination for itself.");
    EXPECT_EQ(put("arn:aws:lambda:us-east-1:123456789012:function:g"),
              "The destination ARN arn:aws:lambda:us-east-1:123456789012:function:g is invalid.");
    make_function("g");
    EXPECT_EQ(put("arn:aws:lambda:us-east-1:123456789012:function:g"), "");
}

TEST_F(FunctionPartsTest, OptionsHaveDefaultsAndStay) {
    auto& options = control->options();
    EXPECT_EQ(*run(options.get_recursive_loop(who, model::FunctionName("f"))), "Terminate");
    ASSERT_TRUE(run(options.put_recursive_loop(who, model::FunctionName("f"), "Allow")));
    EXPECT_EQ(*run(options.get_runtime_management(who, of("1"))),
              (json{{"UpdateRuntimeOn", "Auto"}}));
    EXPECT_FALSE(run(options.put_runtime_management(who, of(), {{"UpdateRuntimeOn", "Manual"}})));
    ASSERT_TRUE(
        run(options.put_runtime_management(who, of("1"), {{"UpdateRuntimeOn", "FunctionUpdate"}})));
    restart();
    EXPECT_EQ(*run(control->options().get_recursive_loop(who, model::FunctionName("f"))), "Allow");
    EXPECT_EQ(*run(control->options().get_runtime_management(who, of("1"))),
              (json{{"UpdateRuntimeOn", "FunctionUpdate"}}));
    EXPECT_EQ(*run(control->options().get_runtime_management(who, of())),
              (json{{"UpdateRuntimeOn", "Auto"}}));
}

TEST_F(FunctionPartsTest, GoWithTheFunction) {
    ASSERT_TRUE(run(control->function_urls().create(who, of(), {{"AuthType", "NONE"}})));
    ASSERT_TRUE(run(control->event_invoke_configs().put(who, of(), {{"MaximumRetryAttempts", 1}})));
    ASSERT_TRUE(run(control->options().put_recursive_loop(who, model::FunctionName("f"), "Allow")));
    ASSERT_TRUE(remove());
    make_function();
    EXPECT_FALSE(run(control->function_urls().get(who, of())));
    EXPECT_FALSE(run(control->event_invoke_configs().get(who, of())));
    EXPECT_EQ(*run(control->options().get_recursive_loop(who, model::FunctionName("f"))),
              "Terminate");
}

}  // namespace
}  // namespace meridian::control
