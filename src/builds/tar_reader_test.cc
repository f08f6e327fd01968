#include "builds/tar_reader.h"

#include <gtest/gtest.h>

#include "builds/tar_test_support.h"

namespace meridian::builds {
namespace {

constexpr std::size_t kMany = 100;

TEST(TarReader, TellsFilesDirectoriesAndLinks) {
    auto const tar = make_tar({{.name = "./", .type = '5', .mode = 0755},
                               {.name = "./app.py", .bytes = "print(1)\n"},
                               {.name = "./bin/run", .bytes = std::string(700, 'x'), .mode = 0755},
                               {.name = "./empty"},
                               {.name = "./link", .type = '2', .target = "app.py"}});
    auto const entries = read_tar(tar, kMany);
    ASSERT_TRUE(entries) << entries.error().message;
    ASSERT_EQ(entries->size(), 5U);
    EXPECT_EQ((*entries)[0].kind, TarEntry::Kind::kDirectory);
    EXPECT_EQ((*entries)[1].name, "./app.py");
    EXPECT_EQ((*entries)[1].bytes, "print(1)\n");
    EXPECT_FALSE((*entries)[1].executable);
    EXPECT_EQ((*entries)[2].bytes, std::string(700, 'x'));
    EXPECT_TRUE((*entries)[2].executable);
    EXPECT_EQ((*entries)[3].bytes, "");
    EXPECT_EQ((*entries)[4].kind, TarEntry::Kind::kLink);
    EXPECT_EQ((*entries)[4].target, "app.py");
}

TEST(TarReader, TakesLongNamesFromTheHeaderBefore) {
    std::string const path = "./" + std::string(150, 'd') + "/" + std::string(200, 'f');
    std::string const target = "../" + std::string(180, 't');
    auto const tar = pax_header(pax_record("path", path) + pax_record("mtime", "1.5")) +
                     tar_entry({.name = "./dd", .bytes = "1"}) +
                     pax_header(pax_record("linkpath", target)) +
                     tar_entry({.name = "./l", .type = '2', .target = "cut"}) +
                     tar_entry({.name = "./short", .bytes = "2"}) + tar_end();
    auto const entries = read_tar(tar, kMany);
    ASSERT_TRUE(entries) << entries.error().message;
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ((*entries)[0].name, path);
    EXPECT_EQ((*entries)[1].target, target);
    EXPECT_EQ((*entries)[2].name, "./short");
}

TEST(TarReader, NamesWhatIsNoPlainFile) {
    for (char const type : {'1', '3', '4', '6', '7', 'S', 'L'}) {
        auto const entries = read_tar(make_tar({{.name = "./x", .type = type}}), kMany);
        ASSERT_TRUE(entries) << type;
        EXPECT_EQ(entries->front().kind, TarEntry::Kind::kOther) << type;
    }
}

TEST(TarReader, RefusesWhatIsNoWholeTar) {
    auto const good = make_tar({{.name = "./a", .bytes = "abc"}, {.name = "./b", .bytes = "b"}});
    ASSERT_TRUE(read_tar(good, kMany));
    // Without the blocks of zeros at its end any beginning is cut short.
    for (std::size_t length = 0; length < good.size() - 1024; length += 64)
        EXPECT_FALSE(read_tar(std::string_view(good).substr(0, length), kMany)) << length;
    auto changed = good;
    changed[1] = 'x';  // in the first header
    EXPECT_FALSE(read_tar(changed, kMany));
    EXPECT_FALSE(read_tar("not a tar at all", kMany));
    EXPECT_FALSE(read_tar(std::string(2048, 'x'), kMany));
    auto const lying = tar_header({.name = "./a"}, 1UL << 40) + tar_end();
    EXPECT_FALSE(read_tar(lying, kMany));
}

TEST(TarReader, RefusesBrokenPaxHeaders) {
    for (std::string const records :
         {"path=x\n", "9999 path=x\n", "0 path=x\n", "11 path=x", "8 pathx\n", "12 size=abc\n"}) {
        auto const tar = pax_header(records) + tar_entry({.name = "./a"}) + tar_end();
        EXPECT_FALSE(read_tar(tar, kMany)) << records;
    }
}

TEST(TarReader, HasALimit) {
    auto const tar = make_tar({{.name = "./a"}, {.name = "./b"}, {.name = "./c"}});
    EXPECT_TRUE(read_tar(tar, 3));
    auto const many = read_tar(tar, 2);
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, Errc::kInvalidParameterValue);
}

}  // namespace
}  // namespace meridian::builds
