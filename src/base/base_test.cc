#include <gtest/gtest.h>

#include "base/counted.h"
#include "base/encoding.h"
#include "base/named_type.h"
#include "base/random.h"
#include "base/result.h"
#include "base/transitions.h"

namespace meridian {
namespace {

TEST(Counted, SaysOneThingAndManyAsAPersonWould) {
    EXPECT_EQ(counted(0, "change"), "0 changes");
    EXPECT_EQ(counted(1, "change"), "1 change");
    EXPECT_EQ(counted(2, "layer version"), "2 layer versions");
    EXPECT_EQ(counted(1, "policy"), "1 policy");
    EXPECT_EQ(counted(2, "policy"), "2 policies");
    EXPECT_EQ(counted(2, "key"), "2 keys");
}

TEST(Base64, EncodesRfc4648Vectors) {
    struct Case {
        std::string_view bytes, text;
    };
    for (auto const& c :
         {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
          Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(to_base64(c.bytes), c.text);
        EXPECT_EQ(from_base64(c.text), c.bytes);
    }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
    for (auto const* text :
         {"Zg=", "Zg", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "-_-_"}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

TEST(Base64, RoundTripsEveryByte) {
    SeededRandom random(7);
    for (std::size_t size = 0; size < 70; ++size) {
        std::string bytes(size, '\0');
        random.fill(std::as_writable_bytes(std::span(bytes)));
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
        EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    }
}

TEST(Hex, RefusesOddAndForeignDigits) {
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("zz"));
}

TEST(Random, MakesVersion4Uuids) {
    SeededRandom random(1);
    auto const uuid = make_uuid(random);
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos);
    EXPECT_NE(make_uuid(random), uuid);
}

TEST(Random, DrawsTokensFromTheAlphabetOnly) {
    SeededRandom random(2);
    auto const token = make_token(random, "abc", 1000);
    EXPECT_EQ(token.size(), 1000U);
    EXPECT_EQ(token.find_first_not_of("abc"), std::string::npos);
}

Result<int> half(int n) {
    if (n % 2 != 0) return fail(Errc::kInvalidParameterValue, "odd");
    return n / 2;
}

Result<int> quarter(int n) {
    MERIDIAN_TRY(int const once, half(n));
    MERIDIAN_TRY(int const twice, half(once));
    return twice;
}

TEST(Result, TryReturnsTheFirstError) {
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_EQ(quarter(6).error().message, "odd");
}

enum class Light { kRed, kGreen };
enum class Press { kGo, kStop };
constexpr auto kLights = std::to_array<Transition<Light, Press>>(
    {{Light::kRed, Press::kGo, Light::kGreen}, {Light::kGreen, Press::kStop, Light::kRed}});
static_assert(is_deterministic(kLights));

TEST(Transitions, RefuseWhatHasNoRow) {
    EXPECT_EQ(next_state(kLights, Light::kRed, Press::kGo), Light::kGreen);
    EXPECT_EQ(next_state(kLights, Light::kRed, Press::kStop), std::nullopt);
}

}  // namespace
}  // namespace meridian
