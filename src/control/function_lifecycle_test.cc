// Restarts, failures and changes from elsewhere.
// Texts and codes of refusals are AWS's.

#include "control/function_lifecycle.h"

#include "control/control_plane_fixture.h"
#include "model/limits.h"

namespace meridian::control {
namespace {

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
    write(key, function_to_text(function));
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
