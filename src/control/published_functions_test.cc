#include "control/published_functions.h"

#include <gtest/gtest.h>

#include "control/function_records.h"

namespace meridian::control {
namespace {

class RecordingObserver final : public FunctionObserver {
  public:
    void on_version_changed(model::RunnableVersionPtr const& now) override {
        events.push_back("changed " + now->name.value() + ":" + now->version.version.value() + " " +
                         model::name_of(now->status.state) + " " +
                         now->version.code.sha256.value());
    }
    void on_version_gone(model::AccountId const&, model::FunctionName const& name,
                         model::Version const& version) override {
        events.push_back("gone " + name.value() + ":" + version.value());
    }
    void on_function_deleted(model::AccountId const&, model::FunctionName const& name) override {
        events.push_back("deleted " + name.value());
    }
    std::vector<std::string> events;
};

model::AccountId const kAccount("123456789012");
model::FunctionName const kName("f");

model::RunnableVersionPtr version(std::string const& code, std::uint64_t number = 0) {
    auto value = std::make_shared<model::RunnableVersion>();
    value->account = kAccount;
    value->name = kName;
    value->version.version = version_of(number);
    value->version.code = {model::CodeSha256(code), 10};
    value->status = active();
    return value;
}

class PublishedFunctionsTest : public testing::Test {
  protected:
    [[nodiscard]] std::string code(std::string const& number = "$LATEST") const {
        auto const found = functions.find(kAccount.value(), "f", number);
        return found == nullptr ? "none" : found->version.code.sha256.value();
    }
    RecordingObserver observer;
    PublishedFunctions functions{observer};
};

TEST_F(PublishedFunctionsTest, AnUnsettledCreationIsPendingAndThenActive) {
    functions.publish({version("a"), nullptr, 1, false});
    EXPECT_EQ(functions.find(kAccount.value(), "f", "$LATEST")->status.state,
              model::State::kPending);
    functions.publish({version("a"), version("a"), 1, true});
    EXPECT_EQ(functions.find(kAccount.value(), "f", "$LATEST")->status.state,
              model::State::kActive);
    EXPECT_EQ(observer.events, (std::vector<std::string>{"changed f:$LATEST Pending a",
                                                         "changed f:$LATEST Active a"}));
}

TEST_F(PublishedFunctionsTest, AnUpdateRunsTheOldCodeUntilItSettles) {
    functions.publish({version("a"), version("a"), 1, true});
    functions.publish({version("b"), nullptr, 2, false});
    EXPECT_EQ(code(), "a");
    functions.publish({version("b"), version("b"), 2, true});
    EXPECT_EQ(code(), "b");
    EXPECT_EQ(observer.events.size(), 2u);
}

TEST_F(PublishedFunctionsTest, LateValuesChangeNothing) {
    functions.publish({version("b"), version("b"), 2, true});
    functions.publish({version("a"), version("a"), 1, true});
    functions.publish({version("b"), version("old"), 2, false});
    EXPECT_EQ(code(), "b");
    functions.remove_function(kAccount, kName, 3);
    functions.publish({version("b"), version("b"), 2, true});
    EXPECT_EQ(code(), "none");
    EXPECT_FALSE(functions.contains(kAccount.value(), "f"));
    functions.publish({version("c"), version("c"), 4, true});
    EXPECT_EQ(code(), "c");
    functions.remove_function(kAccount, kName, 3);
    EXPECT_EQ(code(), "c") << "a late deletion of the function before";
}

TEST_F(PublishedFunctionsTest, ADeletedVersionStaysGone) {
    functions.publish({version("a"), version("a"), 1, true});
    functions.publish({version("a", 1), version("a", 1), 2, true});
    EXPECT_EQ(code("1"), "a");
    functions.remove_version(kAccount, kName, model::Version("1"), 3);
    EXPECT_EQ(code("1"), "none");
    functions.publish({version("a", 1), version("a", 1), 2, true});
    EXPECT_EQ(code("1"), "none");
    EXPECT_EQ(code(), "a");
    EXPECT_EQ(observer.events.back(), "gone f:1");
}

TEST_F(PublishedFunctionsTest, TheSameSettingsAndCodeAreNoChange) {
    functions.publish({version("a"), version("a"), 1, true});
    functions.publish({version("a"), version("a"), 2, true});
    EXPECT_EQ(observer.events.size(), 1u);
}

TEST_F(PublishedFunctionsTest, CountsFunctionsAndCodePerAccount) {
    functions.publish({version("a"), version("a"), 1, true});
    functions.publish({version("a", 1), version("a", 1), 2, true});
    EXPECT_EQ(functions.usage(kAccount.value()).functions, 1u);
    EXPECT_EQ(functions.usage(kAccount.value()).code_bytes, 20u);
    functions.remove_version(kAccount, kName, model::Version("1"), 3);
    EXPECT_EQ(functions.usage(kAccount.value()).code_bytes, 10u);
    functions.remove_function(kAccount, kName, 4);
    EXPECT_EQ(functions.usage(kAccount.value()).functions, 0u);
    EXPECT_EQ(functions.usage(kAccount.value()).code_bytes, 0u);
    EXPECT_EQ(functions.usage("999999999999").functions, 0u);
}

TEST_F(PublishedFunctionsTest, DeletedFunctionsAreForgottenInTheEnd) {
    for (std::size_t i = 0; i <= PublishedFunctions::kDeletedRememberedMax; ++i) {
        functions.remove_function(kAccount, model::FunctionName("g" + std::to_string(i)), i + 1);
    }
    EXPECT_EQ(functions.function_count(), 0u);
}

TEST_F(PublishedFunctionsTest, OddVersionTextsFindNothing) {
    functions.publish({version("a"), version("a"), 1, true});
    for (auto const* text :
         {"", "0", "01", "-1", "latest", "$LATEST ", "99999999999999999999999"}) {
        EXPECT_EQ(code(text), "none") << text;
    }
}

}  // namespace
}  // namespace meridian::control
