#include "wire/arn.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace meridian::wire {
namespace {

FunctionReference reference(char const* partition, char const* region, char const* account,
                            char const* name, char const* qualifier) {
    FunctionReference r;
    if (*partition != 0) r.partition = partition;
    if (*region != 0) r.region = model::RegionName{region};
    if (*account != 0) r.account = model::AccountId{account};
    r.name = model::FunctionName{name};
    if (*qualifier != 0) r.qualifier = model::Qualifier{qualifier};
    return r;
}

TEST(Arn, IsSplitWhateverServiceItIsOf) {
    auto const parts = split_arn("arn:aws:iam::123456789012:policy/path/name:x");
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->partition, "aws");
    EXPECT_EQ(parts->service, "iam");
    EXPECT_EQ(parts->region, "");
    EXPECT_EQ(parts->account, "123456789012");
    EXPECT_EQ(parts->resource, "policy/path/name:x");
    EXPECT_TRUE(split_arn("arn:::::").has_value());
    for (auto const* const text : {"", "arn", "arn:aws:s3::", "nra:aws:s3:::bucket", "name"})
        EXPECT_FALSE(split_arn(text).has_value()) << text;
}

TEST(Arn, ReadsEveryFormOfAFunctionName) {
    struct {
        char const* text;
        FunctionReference expected;
    } const cases[] = {
        {"f", reference("", "", "", "f", "")},
        {"f:prod", reference("", "", "", "f", "prod")},
        {"f:$LATEST", reference("", "", "", "f", "$LATEST")},
        {"f:$LATEST.PUBLISHED", reference("", "", "", "f", "$LATEST.PUBLISHED")},
        {"f:12", reference("", "", "", "f", "12")},
        {"function:f", reference("", "", "", "f", "")},
        {"function", reference("", "", "", "function", "")},
        {"arn", reference("", "", "", "arn", "")},
        {"function:arn:1", reference("", "", "", "arn", "1")},
        {"123456789012:function:f", reference("", "", "123456789012", "f", "")},
        {"123456789012:function:f:1", reference("", "", "123456789012", "f", "1")},
        {"123456789012:f:1", reference("", "", "123456789012", "f", "1")},
        {"123456789012:f", reference("", "", "123456789012", "f", "")},
        {"123456789012", reference("", "", "", "123456789012", "")},
        {"function:123456789012:1", reference("", "", "", "123456789012", "1")},
        {"us-east-1:f", reference("", "us-east-1", "", "f", "")},
        {"us-east-1:function:f:a", reference("", "us-east-1", "", "f", "a")},
        {"us-east-1", reference("", "", "", "us-east-1", "")},
        {"function:us-east-1:1", reference("", "", "", "us-east-1", "1")},
        {"us-east-1:123456789012:function:f:a",
         reference("", "us-east-1", "123456789012", "f", "a")},
        {"arn:aws:lambda:us-east-1:123456789012:function:f",
         reference("aws", "us-east-1", "123456789012", "f", "")},
        {"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:1",
         reference("aws-us-gov", "us-gov-west-1", "123456789012", "f", "1")},
        {"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f",
         reference("aws-eusc", "eusc-de-east-1", "123456789012", "f", "")},
    };
    for (auto const& c : cases) {
        auto const parsed = parse_function_reference(c.text);
        ASSERT_TRUE(parsed.has_value()) << c.text;
        EXPECT_EQ(*parsed, c.expected) << c.text << " became " << format(*parsed);
    }
}

TEST(Arn, RefusesWhatIsNoFunctionName) {
    for (auto const* const text : {"", ":", "f:", ":f", "a b", "f:a:b", "f:a.b", "f:$OTHER",
                                   "arn:aws:lambda", "arn:aws:lambda:us-east-1:123456789012:f",
                                   "arn:aws:lambda:us-east-1:123456789012:function:",
                                   "arn:aws:lambda:us-east-1:12345:function:f",
                                   "arn:aws:s3:us-east-1:123456789012:function:f",
                                   "arn:aws:lambda:nowhere:123456789012:function:f",
                                   "arn:aws:lambda:us-east-1:123456789012:function:f:1:2",
                                   "arn:other:lambda:us-east-1:123456789012:function:f",
                                   "arn:aws:lambda:us-east-1:123456789012:layer:f"}) {
        auto const parsed = parse_function_reference(text);
        EXPECT_FALSE(parsed.has_value()) << text;
    }
}

// format() and parse() undo each other, over random references.
TEST(Arn, ComesBackFromItsText) {
    SeededRandom random(20'240'101);
    constexpr std::string_view kNameChars = "abzAZ019-_.";
    auto const coin = [&] { return (random.next() & 1) != 0; };
    for (int i = 0; i < 20'000; ++i) {
        FunctionReference r;
        constexpr char const* kRegions[] = {"us-east-1", "sa-east-1", "us-gov-west-1",
                                            "eusc-de-east-1", "us-isob-east-1"};
        auto const form = random.next() % 4;
        if (form >= 2) r.region = model::RegionName{kRegions[random.next() % 5]};
        if (form == 3) r.partition = std::string(partition_of(*r.region));
        if (form >= 1) r.account = model::AccountId{make_token(random, "0123456789", 12)};
        r.name = model::FunctionName{coin() && coin()
                                         ? (coin() ? "function" : "arn")
                                         : make_token(random, kNameChars, 1 + random.next() % 64)};
        if (coin())
            r.qualifier = model::Qualifier{
                coin() ? model::kLatest : make_token(random, "aZ09-_", 1 + random.next() % 20)};
        auto const text = format(r);
        auto const parsed = parse_function_reference(text);
        ASSERT_TRUE(parsed.has_value()) << text;
        EXPECT_EQ(*parsed, r) << text;
    }
}

TEST(Arn, OfAFunctionNamesThePartitionOfItsRegion) {
    model::AccountId const account{"123456789012"};
    model::FunctionName const name{"f"};
    EXPECT_EQ(function_arn(model::RegionName{"us-east-1"}, account, name),
              "arn:aws:lambda:us-east-1:123456789012:function:f");
    EXPECT_EQ(function_arn(model::RegionName{"cn-north-1"}, account, name, model::Qualifier{"1"}),
              "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:1");
}

TEST(Arn, OfLayersComesBackFromItsText) {
    for (auto const* const text : {"arn:aws:lambda:us-east-1:123456789012:layer:l",
                                   "arn:aws:lambda:us-east-1:123456789012:layer:l:7"}) {
        auto const parsed = parse_layer_arn(text);
        ASSERT_TRUE(parsed.has_value()) << text;
        EXPECT_EQ(format(*parsed), text);
    }
    for (auto const* const text :
         {"", "l", "arn:aws:lambda:us-east-1:123456789012:layer:l:",
          "arn:aws:lambda:us-east-1:123456789012:layer:l:x",
          "arn:aws:lambda:us-east-1:123456789012:layer:l:007",
          "arn:aws:lambda:us-east-1:123456789012:layer:l:99999999999999999999",
          "arn:aws:lambda:us-east-1:123456789012:function:l:1"}) {
        EXPECT_FALSE(parse_layer_arn(text).has_value()) << text;
    }
}

TEST(Arn, OfRolesComesBackFromItsText) {
    auto const parsed = parse_role_arn("arn:aws:iam::123456789012:role/service-role/a/name");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->path, "/service-role/a/");
    EXPECT_EQ(parsed->name, "name");
    EXPECT_EQ(format(*parsed), "arn:aws:iam::123456789012:role/service-role/a/name");
    EXPECT_EQ(parse_role_arn("arn:aws:iam::123456789012:role/r")->path, "/");
    for (auto const* const text :
         {"", "r", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/a/",
          "arn:aws:iam::123456789012:user/r", "arn:aws:iam:us-east-1:123456789012:role/r",
          "arn:aws:iam::123456789012:role/a b"}) {
        EXPECT_FALSE(parse_role_arn(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace meridian::wire
