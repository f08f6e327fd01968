#include "vault/proof.h"

#include <gtest/gtest.h>

namespace meridian::vault {
namespace {

WallTime at(int seconds) { return WallTime{std::chrono::seconds(seconds)}; }

Proof part_of(std::uint32_t part, std::uint32_t parts, int began, bool good = true) {
    Proof proof{.level = VerifyLevel::kHash, .began = at(began), .part = {part, parts}};
    if (!good) proof.problems.emplace_back("something");
    return proof;
}

TEST(Proof, IsReadBackAsItWasWritten) {
    Proof proof{.level = VerifyLevel::kInvoke,
                .baseline = "v1",
                .commit = object_id(ObjectType::kBlob, "x"),
                .region_sequence = 7,
                .account_sequence = 3,
                .began = at(10),
                .ended = at(12),
                .by = "arn:aws:iam::123456789012:root",
                .parts_covered = 1,
                .covered_since = at(10),
                .records = 4,
                .packages = 2,
                .bytes = 1'000'000'000'000,
                .functions = 3,
                .initialised = 2,
                .answered = 1,
                .problems = {"p"},
                .notes = {"n", "m"}};
    EXPECT_EQ(parse_proof(to_json(proof)).value(), proof);
    for (auto const& [member, value] : to_json(proof).items()) {
        if (member == "format") continue;
        auto damaged = to_json(proof);
        damaged[member] = nullptr;
        EXPECT_FALSE(parse_proof(damaged)) << member;
    }
    auto odd = to_json(proof);
    odd["part"] = 2;
    EXPECT_FALSE(parse_proof(odd));
}

TEST(Proof, PartsInARowProveEverythingAsOfTheFirst) {
    auto first = part_of(1, 3, 10);
    count_coverage(first, nullptr);
    EXPECT_FALSE(first.is_whole());
    auto second = part_of(2, 3, 20);
    count_coverage(second, &first);
    EXPECT_FALSE(second.is_whole());
    auto third = part_of(3, 3, 30);
    count_coverage(third, &second);
    EXPECT_TRUE(third.is_whole());
    EXPECT_EQ(third.covered_since, at(10));
    auto again = part_of(1, 3, 40);
    count_coverage(again, &third);
    EXPECT_FALSE(again.is_whole()) << "a new round begins";
    EXPECT_EQ(again.covered_since, at(40));
}

TEST(Proof, AGapOrAProblemBeginsAnew) {
    auto first = part_of(1, 3, 10);
    count_coverage(first, nullptr);
    auto skipped = part_of(3, 3, 20);
    count_coverage(skipped, &first);
    EXPECT_EQ(skipped.parts_covered, 1U);
    auto bad = part_of(2, 3, 20, false);
    count_coverage(bad, &first);
    EXPECT_EQ(bad.parts_covered, 0U);
    auto after = part_of(3, 3, 30);
    count_coverage(after, &bad);
    EXPECT_EQ(after.parts_covered, 1U);
    auto other = part_of(2, 4, 20);
    count_coverage(other, &first);
    EXPECT_EQ(other.parts_covered, 1U);
    auto whole = part_of(1, 1, 10);
    count_coverage(whole, &bad);
    EXPECT_TRUE(whole.is_whole());
}

TEST(VerifyPart, EachPackageIsInOnePart) {
    for (std::uint32_t parts : {1U, 2U, 7U, 100U}) {
        for (auto const* const digest : {"00000000", "deadbeef", "ffffffff", "12345678"}) {
            int in = 0;
            for (std::uint32_t part = 1; part <= parts; ++part)
                in += VerifyPart{part, parts}.has(std::string(digest) + "0123") ? 1 : 0;
            EXPECT_EQ(in, 1) << digest << " of " << parts;
        }
    }
}

TEST(VerifyLevel, IsNamed) {
    for (auto const level : kVerifyLevels) EXPECT_EQ(parse_verify_level(name_of(level)), level);
    EXPECT_EQ(parse_verify_level("all"), std::nullopt);
}

}  // namespace
}  // namespace meridian::vault
