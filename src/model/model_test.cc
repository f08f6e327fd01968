#include <gtest/gtest.h>

#include "model/environment_state.h"
#include "model/function.h"
#include "model/identity.h"
#include "model/rollout_names.h"
#include "model/runtimes.h"

namespace meridian::model {
namespace {

TEST(EnvironmentTransitions, EveryAbsentPairIsRefusedAndEveryRowIsFound) {
    std::size_t rows = 0;
    for (int s = 0; s <= static_cast<int>(EnvironmentState::kGone); ++s) {
        for (int e = 0; e <= static_cast<int>(EnvironmentEvent::kSandboxGone); ++e) {
            if (next_state(kEnvironmentTransitions, static_cast<EnvironmentState>(s),
                           static_cast<EnvironmentEvent>(e))) {
                ++rows;
            }
        }
    }
    EXPECT_EQ(rows, kEnvironmentTransitions.size());
}

TEST(EnvironmentTransitions, NothingLeavesGoneAndShutdownOnlyEnds) {
    for (auto const& row : kEnvironmentTransitions) {
        EXPECT_NE(row.from, EnvironmentState::kGone);
        if (row.from == EnvironmentState::kShutdown) {
            EXPECT_EQ(row.to, EnvironmentState::kGone);
        }
    }
}

TEST(Revision, ShowsTheSecondIdOnceSettled) {
    RevisionIds const ids{RevisionId{"r1"}, RevisionId{"r2"}};
    EXPECT_EQ(visible_revision(ids, {.state = State::kPending}).value(), "r1");
    EXPECT_EQ(visible_revision(ids, {.state = State::kActive}).value(), "r2");
    EXPECT_EQ(visible_revision(
                  ids, {.state = State::kActive, .last_update = LastUpdateStatus::kInProgress})
                  .value(),
              "r1");
}

TEST(Role, ArnHasThePath) {
    Role role;
    role.account = AccountId{"123456789012"};
    role.name = "r";
    role.path = "/service/";
    EXPECT_EQ(role.arn(), "arn:aws:iam::123456789012:role/service/r");
}

TEST(RolloutNames, AreCodeDeploysAndCloudFormations) {
    for (auto const* const good : {"d-ABCDEFGHI", "d-012345678", "d-A1B2C3D4E"})
        EXPECT_TRUE(is_rollout_id(good)) << good;
    for (auto const* const bad :
         {"", "d-", "d-ABCDEFGH", "d-ABCDEFGHIJ", "d-abcdefghi", "D-ABCDEFGHI", "d-ABCDEFGH:"})
        EXPECT_FALSE(is_rollout_id(bad)) << bad;
    for (auto const& good : {std::string("a"), std::string("Shop-2"), std::string(128, 'x')})
        EXPECT_TRUE(is_stack_name(good)) << good;
    for (auto const& bad : {std::string(), std::string("2shop"), std::string("-shop"),
                            std::string("my_shop"), std::string("a b"), std::string(129, 'x')})
        EXPECT_FALSE(is_stack_name(bad)) << bad;
}

TEST(Runtimes, KnowsDeprecatedFromUnknown) {
    EXPECT_EQ(runtime_support("nodejs22.x"), RuntimeSupport::kSupported);
    EXPECT_EQ(runtime_support("nodejs14.x"), RuntimeSupport::kDeprecated);
    EXPECT_EQ(runtime_support("cobol"), std::nullopt);
}

}  // namespace
}  // namespace meridian::model
