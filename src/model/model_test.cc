#include <gtest/gtest.h>

#include "model/environment_state.h"
#include "model/function.h"
#include "model/identity.h"
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

TEST(Runtimes, KnowsDeprecatedFromUnknown) {
    EXPECT_EQ(runtime_support("nodejs22.x"), RuntimeSupport::kSupported);
    EXPECT_EQ(runtime_support("nodejs14.x"), RuntimeSupport::kDeprecated);
    EXPECT_EQ(runtime_support("cobol"), std::nullopt);
}

}  // namespace
}  // namespace meridian::model
