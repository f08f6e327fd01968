#include "vault/package_recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "store/zip_test_support.h"

namespace meridian::vault {
namespace {

using store::make_zip;

Result<std::string> joined(SplitPackage const& split) {
    return join_package(split.recipe, split.gaps, [&](std::size_t n) -> Result<std::string_view> {
        return split.parts.at(n);
    });
}

std::string const kLong(2 * kPartBytesMin, 'x');
std::string const kOther(kPartBytesMin, 'y');

TEST(PackageRecipe, TakesTheLargeEntriesOutAndPutsThemBack) {
    auto const zip = make_zip({{.name = "a", .content = kLong},
                               {.name = "small", .content = "tiny"},
                               {.name = "b", .content = kOther}});
    auto const split = split_package(zip);
    EXPECT_THAT(split.parts, testing::ElementsAre(kLong, kOther));
    EXPECT_EQ(split.gaps.size(), zip.size() - kLong.size() - kOther.size());
    EXPECT_EQ(split.recipe.sha256_hex, crypto::sha256_hex(zip));
    EXPECT_EQ(joined(split).value(), zip);
    EXPECT_EQ(parse_recipe(format(split.recipe)).value(), split.recipe);
}

TEST(PackageRecipe, GivesTwoZipsThatShareAnEntryTheSamePart) {
    auto const one =
        make_zip({{.name = "lib.js", .content = kLong}, {.name = "a", .content = "1"}});
    auto const two =
        make_zip({{.name = "b", .content = "22"}, {.name = "lib.js", .content = kLong}});
    EXPECT_EQ(split_package(one).parts, split_package(two).parts);
}

TEST(PackageRecipe, JoinsWhateverItIsGiven) {
    auto const zip = make_zip({{.name = "a", .content = kLong}, {.name = "b", .content = kOther}});
    std::vector<std::string> const packages = {
        "",
        "no zip at all",
        "#!/bin/sh\n" + zip,                 // a program before it: its offsets do not fit
        zip + std::string("PK\x05\x06", 4),  // a second end
        zip.substr(0, zip.size() - 10),      // cut short
        zip + zip,
        make_zip({{.name = "a", .content = kLong, .declared_size = 1U << 30}}),
    };
    for (auto const& package : packages) {
        EXPECT_EQ(joined(split_package(package)).value(), package);
        for (std::size_t at = 0; at < package.size(); at += 3) {
            auto changed = package;
            changed[at] = static_cast<char>(changed[at] ^ 0x55);
            ASSERT_EQ(joined(split_package(changed)).value(), changed) << at;
        }
    }
}

TEST(PackageRecipe, NamesWhatDoesNotFit) {
    auto const zip = make_zip({{.name = "a", .content = kLong}});
    auto const split = split_package(zip);
    auto const with = [&](std::string const& gaps, std::string const& part) {
        return join_package(split.recipe, gaps,
                            [&](std::size_t) -> Result<std::string_view> { return part; })
            .error()
            .message;
    };
    auto other = kLong;
    other[5] = 'z';
    EXPECT_EQ(with(split.gaps, other), "the parts do not make the package");
    EXPECT_EQ(with(split.gaps, "short"), "part 0 is 5 bytes long instead of 1024");
    EXPECT_EQ(with("", kLong), "the gaps end too early");
    EXPECT_EQ(with(split.gaps + "x", kLong), "the gaps are too long");
}

TEST(PackageRecipe, RefusesWhatItWouldNotWrite) {
    auto const digest = "sha256 " + std::string(64, 'a') + "\n";
    struct {
        std::string text;
        char const* message;
    } const cases[] = {
        {"", "recipe: it has no digest"},
        {"meridian-package 2\n",
         "recipe, line 1: this is no recipe of a version that is known here"},
        {"meridian-package 1\nsha256 12\n",
         "recipe, line 2: \"sha256\" and 64 hexadecimal digits are expected"},
        {"meridian-package 1\n" + digest + "gap 1\nlump 2\n",
         "recipe, line 4: \"gap\" or \"part\" and a length are expected"},
        {"meridian-package 1\n" + digest + "gap 0\n",
         "recipe, line 3: \"gap\" or \"part\" and a length are expected"},
        {"meridian-package 1\n" + digest + "gap 4294967296\ngap 1\n",
         "recipe, line 4: the package is too long"},
        {"meridian-package 1\n" + digest + "gap 1", "recipe, line 3: it has no end"},
    };
    for (auto const& c : cases) {
        auto const recipe = parse_recipe(c.text);
        ASSERT_FALSE(recipe) << c.text;
        EXPECT_EQ(recipe.error().message, c.message);
        EXPECT_EQ(recipe.error().code, Errc::kCorrupt);
    }
}

}  // namespace
}  // namespace meridian::vault
