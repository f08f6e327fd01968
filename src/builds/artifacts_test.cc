#include "builds/artifacts.h"

#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "builds/tar_test_support.h"
#include "io/unique_fd.h"
#include "store/zip_archive.h"

namespace meridian::builds {
namespace {

namespace fs = std::filesystem;

std::string refusal(std::string const& tar) {
    auto const zip = package_artifacts(tar);
    return zip ? "(none)" : zip.error().message;
}

TEST(Artifacts, BecomeAPackageThatUnpacks) {
    auto const zip = package_artifacts(make_tar({{.name = "./", .type = '5'},
                                                 {.name = "./b", .type = '5'},
                                                 {.name = "./b/run", .bytes = "#!", .mode = 0700},
                                                 {.name = "./link", .type = '2', .target = "b/run"},
                                                 {.name = "./a", .bytes = "text"}}));
    ASSERT_TRUE(zip) << zip.error().message;
    auto const folder = fs::temp_directory_path() / "meridian-artifacts-test";
    fs::remove_all(folder);
    fs::create_directory(folder);
    io::UniqueFd const directory(::open(folder.c_str(), O_PATH | O_DIRECTORY));
    auto const done = store::extract_zip(*zip, directory.get());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(fs::read_symlink(folder / "link"), "b/run");
    EXPECT_EQ(fs::status(folder / "b/run").permissions(), fs::perms{0755});
    EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms{0644});
    fs::remove_all(folder);
}

TEST(Artifacts, OrderModesAndTimesAreNotInThePackage) {
    auto const one = package_artifacts(make_tar({{.name = "./a", .bytes = "1", .mode = 0640},
                                                 {.name = "./b", .bytes = "2", .mode = 0711}}));
    auto const two = package_artifacts(pax_header(pax_record("mtime", "1234567.5")) +
                                       tar_entry({.name = "./b", .bytes = "2", .mode = 0755}) +
                                       tar_entry({.name = "./d", .type = '5'}) +
                                       tar_entry({.name = "./a", .bytes = "1"}) + tar_end());
    ASSERT_TRUE(one && two);
    EXPECT_EQ(*one, *two);
    EXPECT_NE(*one, *package_artifacts(
                        make_tar({{.name = "./a", .bytes = "1"}, {.name = "./b", .bytes = "2"}})));
}

TEST(Artifacts, RefuseWhatNoPackageHas) {
    EXPECT_TRUE(refusal(make_tar({{.name = "./", .type = '5'}})).contains("left nothing"));
    for (auto const* const target : {"/etc/passwd", "../x", "d/../../x"}) {
        auto const tar = make_tar(
            {{.name = "./d", .type = '5'}, {.name = "./l", .type = '2', .target = target}});
        EXPECT_TRUE(refusal(tar).contains("leads out")) << target;
    }
    for (auto const* const name : {"../x", "/x", "./a/../../x"})
        EXPECT_TRUE(refusal(make_tar({{.name = name, .bytes = "1"}})).contains(name)) << name;
    for (char const type : {'1', '3', '4', '6'}) {
        EXPECT_TRUE(refusal(make_tar({{.name = "./odd", .type = type}})).contains("./odd")) << type;
    }
    // A file below a link, and one name twice.
    EXPECT_NE(refusal(make_tar(
                  {{.name = "./l", .type = '2', .target = "d"}, {.name = "./l/x", .bytes = "1"}})),
              "(none)");
    EXPECT_NE(refusal(make_tar({{.name = "./a", .bytes = "1"}, {.name = "./a", .bytes = "2"}})),
              "(none)");
}

}  // namespace
}  // namespace meridian::builds
