#include "api/rollout_steps.h"

#include <array>

#include <gtest/gtest.h>

namespace meridian::api {
namespace {

using nlohmann::json;

model::AccountId const kAccount{"123456789012"};

struct NumberRow {
    std::string_view text;
    std::optional<std::uint64_t> number;
};

TEST(RolloutSteps, NumbersAreDecimalFromOne) {
    for (auto const& row : std::array{
             NumberRow{"1", 1}, NumberRow{"120", 120}, NumberRow{"999999999999", kStepNumberMax},
             NumberRow{"1000000000000", {}}, NumberRow{"0", {}}, NumberRow{"01", {}},
             NumberRow{"", {}}, NumberRow{"-1", {}}, NumberRow{"+1", {}}, NumberRow{"1 ", {}},
             NumberRow{"1e3", {}}, NumberRow{"99999999999999999999999", {}}})
        EXPECT_EQ(parse_step_number(row.text), row.number) << row.text;
}

TEST(RolloutSteps, AreKeptInTheOrderOfTheirNumbers) {
    store::Transaction transaction;
    auto const added =
        add_steps(kAccount, "d-ABCDEFGHI", {{"9", {{"a", 1}}}, {"10", {{"b", 2}}}}, transaction);
    ASSERT_TRUE(added) << added.error().message;
    ASSERT_EQ(transaction.changes.size(), 2U);
    std::map<std::string, json> kept;
    for (auto const& change : transaction.changes)
        kept[change.key.id] = store::json_of(*change.value);
    EXPECT_EQ(kept.begin()->first, "d-ABCDEFGHI:step:000000000009");
    EXPECT_EQ(kept.begin()->second["Record"]["a"], 1);
    EXPECT_EQ(kept.rbegin()->second["Record"]["b"], 2);
}

TEST(RolloutSteps, WhatIsNoneIsRefused) {
    json many = json::object();
    for (std::size_t i = 1; i <= kStepsPerRequestMax + 1; ++i)
        many[std::to_string(i)] = json::object();
    for (auto const& bad : std::vector<json>{json::array(),
                                             1,
                                             {{"x", json::object()}},
                                             {{"1", "text"}},
                                             {{"0", json::object()}},
                                             many}) {
        store::Transaction transaction;
        auto const added = add_steps(kAccount, "d-ABCDEFGHI", bad, transaction);
        ASSERT_FALSE(added) << bad.dump().substr(0, 40);
        EXPECT_EQ(added.error().code, Errc::kInvalidParameterValue);
    }
}

}  // namespace
}  // namespace meridian::api
