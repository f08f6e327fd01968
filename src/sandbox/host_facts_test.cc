#include "sandbox/host_facts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "sandbox/test_fixture.h"

namespace meridian::sandbox {
namespace {

TEST(HostFacts, KnowEveryFacilityOnceAndExplainWhatIsMissing) {
    auto const facts = find_host_facts();
    EXPECT_FALSE(facts.kernel.empty());
    ASSERT_EQ(facts.facilities.size(), static_cast<std::size_t>(FacilityKind::kLandlock) + 1);
    for (std::size_t i = 0; i < facts.facilities.size(); ++i) {
        auto const& facility = facts.facilities[i];
        EXPECT_EQ(static_cast<std::size_t>(facility.kind), i);
        EXPECT_FALSE(facility.name.empty());
        if (facility.available) {
            EXPECT_TRUE(facility.weaker.empty()) << facility.name;
            EXPECT_TRUE(facility.remedy.empty()) << facility.name;
        } else {
            EXPECT_FALSE(facility.detail.empty()) << facility.name;
            if (facility.kind != FacilityKind::kLandlock) {
                EXPECT_FALSE(facility.weaker.empty()) << facility.name;
                EXPECT_FALSE(facility.remedy.empty()) << facility.name;
            }
        }
        if (::getenv("MERIDIAN_SHOW_FACTS") != nullptr) {
            std::printf("%s: %s; %s; %s; %s\n", std::string(facility.name).c_str(),
                        facility.available ? "yes" : "no", facility.detail.c_str(),
                        facility.weaker.c_str(), facility.remedy.c_str());
        }
    }
}

// What `doctor` says before a start is what the jailer says after it.
TEST(HostFacts, JailedAgreeWithTheJailer) {
    if (Jail::get() == nullptr) GTEST_SKIP() << Jail::kSkip;
    EXPECT_TRUE(find_host_facts().usable()) << "the jailer runs, so it can";
    // This process is the jailer's user only in rootless mode.
    if (!Jail::get()->lacks(Weakness::kSharedHostUid))
        GTEST_SKIP() << "the jailer is root, this test is not";
    auto const facts = find_host_facts();
    EXPECT_EQ(facts.of(FacilityKind::kMemoryLimit).available,
              !Jail::get()->lacks(Weakness::kNoMemoryLimit));
    EXPECT_EQ(facts.of(FacilityKind::kCpuLimit).available,
              !Jail::get()->lacks(Weakness::kNoCpuLimit));
    EXPECT_EQ(facts.of(FacilityKind::kTmpDisk).available,
              !Jail::get()->lacks(Weakness::kTmpOnTmpfs));
    EXPECT_EQ(facts.of(FacilityKind::kFreezer).available,
              !Jail::get()->lacks(Weakness::kNoFreezer));
    EXPECT_EQ(facts.of(FacilityKind::kSeccomp).available,
              !Jail::get()->lacks(Weakness::kNoSeccomp));
}

}  // namespace
}  // namespace meridian::sandbox
