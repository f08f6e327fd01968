#include "store/zip_archive.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>

#include "io/unique_fd.h"
#include "store/package_tree.h"
#include "store/store_test_support.h"
#include "store/zip_test_support.h"

namespace meridian::store {
namespace {

namespace fs = std::filesystem;

class ZipArchive : public testing::Test {
  protected:
    Result<void> extract(std::string const& zip, ZipLimits const& limits = {}) {
        fs::remove_all(root());
        fs::create_directory(root());
        io::UniqueFd const directory(::open(root().c_str(), O_PATH | O_DIRECTORY));
        return extract_zip(zip, directory.get(), limits);
    }
    static Result<void> checked(std::string const& zip, ZipLimits const& limits) {
        MERIDIAN_CHECK(check_zip(zip, limits));
        return {};
    }
    // Both functions refuse it with this message, and nothing is outside the directory.
    void expect_refused(std::string const& zip, std::string const& message = kBadZipMessage,
                        ZipLimits const& limits = {}) {
        for (auto const& outcome : {checked(zip, limits), extract(zip, limits)}) {
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().code, Errc::kInvalidParameterValue);
            EXPECT_EQ(outcome.error().message, message);
        }
        auto const around = fs::directory_iterator(directory_.path());
        EXPECT_EQ(std::distance(fs::begin(around), fs::end(around)), 1)
            << "something left the package";
    }
    void expect_accepted(std::string const& zip, ZipLimits const& limits = {}) {
        auto const sound = check_zip(zip, limits);
        EXPECT_TRUE(sound) << sound.error().message;
        EXPECT_EQ(sound, unzipped_size(zip, limits));
        auto const extracted = extract(zip, limits);
        EXPECT_TRUE(extracted) << extracted.error().message;
    }
    fs::path root() const { return directory_.path() / "package"; }
    std::string content(char const* name) const {
        std::ifstream in(root() / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    unsigned mode(char const* name) const {
        struct stat info{};
        EXPECT_EQ(::lstat((root() / name).c_str(), &info), 0) << name;
        return info.st_mode;
    }

  private:
    TemporaryDirectory directory_;
};

// A deflated archive of one file of zeros, as a real archiver makes it.
std::string deflated_zeros(std::size_t size) {
    TemporaryDirectory directory;
    auto const path = directory.path() / "z.zip";
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    std::string const zeros(size, '\0');
    zip_file_add(archive, "zeros", zip_source_buffer(archive, zeros.data(), zeros.size(), 0), 0);
    EXPECT_EQ(zip_close(archive), 0);
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(ZipArchive, UnpacksFilesDirectoriesAndLinks) {
    mode_t const before = ::umask(0077);
    expect_accepted(make_zip({{"index.py", "print(1)", 0100600},
                              {"bin/run", "#!/bin/sh", 0100744},
                              {"empty/", "", 040000},
                              {"a/b/c.txt", ""},
                              {"a/", "", 040755},
                              {"./dot//x", "dot"},
                              {"lib/x.so.1", "so"},
                              {"lib/x.so", "x.so.1", 0120777},
                              {"up/link", "../lib/./x.so", 0120777},
                              {"dos.bin", "dos", 0, {}, {}, 0, 0, 0}}));
    ::umask(before);
    EXPECT_EQ(content("index.py"), "print(1)");
    EXPECT_EQ(mode("index.py"), 0100644u) << "readable by the function's user";
    EXPECT_EQ(mode("bin/run"), 0100755u);
    EXPECT_EQ(mode("bin"), 040755u) << "whatever the umask";
    EXPECT_EQ(mode("empty"), 040755u);
    EXPECT_EQ(content("a/b/c.txt"), "");
    EXPECT_EQ(content("dot/x"), "dot");
    EXPECT_EQ(fs::read_symlink(root() / "lib/x.so"), "x.so.1");
    EXPECT_EQ(content("up/link"), "so");
    EXPECT_EQ(content("dos.bin"), "dos");
}

TEST_F(ZipArchive, UnpacksDeflatedFiles) {
    expect_accepted(deflated_zeros(300'000));
    EXPECT_EQ(content("zeros"), std::string(300'000, '\0'));
}

TEST_F(ZipArchive, RefusesWhatIsNoArchive) {
    expect_refused("not a zip");
    expect_refused(std::string(1000, 'P'));
    auto const zip = make_zip({{"a", "content"}});
    for (std::size_t size = 1; size < zip.size(); ++size) expect_refused(zip.substr(0, size));
    expect_refused("", kEmptyZipMessage);
    expect_refused(make_zip({}), kEmptyZipMessage);
}

TEST_F(ZipArchive, RefusesNamesThatLeaveThePackage) {
    for (auto const* name :
         {"../x", "a/../../x", "a/..", "..", "/etc/passwd", "/", "a\\b", "..\\x", "C:\\x", ""}) {
        SCOPED_TRACE(name);
        expect_refused(make_zip({{name, "x"}}));
    }
    expect_refused(make_zip({{".", "x"}}));
    expect_refused(make_zip({{std::string(256, 'n'), "x"}}));
    expect_refused(make_zip({{std::string(5000, '/') + "x", "x"}}));
    expect_accepted(make_zip({{"..a/b..", "x"}, {"...", "x"}}));
}

TEST_F(ZipArchive, ANulInANameHidesNothing) {
    // libzip turns it into a space, everywhere alike.
    expect_accepted(make_zip({{std::string("a\0/../../x", 4), "1"}}));
    expect_refused(make_zip({{std::string("a\0b", 3), "1"}, {"a b", "2"}}));
    expect_refused(make_zip({{std::string("..\0/../x", 8), "1"}}));
}

TEST_F(ZipArchive, RefusesDuplicatesAndCollisions) {
    expect_refused(make_zip({{"a", "1"}, {"a", "2"}}));
    expect_refused(make_zip({{"a/b", "1"}, {"a//./b", "2"}}));
    expect_refused(make_zip({{"a", "1"}, {"a/b", "2"}}));
    expect_refused(make_zip({{"a/b", "1"}, {"a", "2"}}));
    expect_refused(make_zip({{"a", "1"}, {"a/", "", 040755}}));
    expect_accepted(make_zip({{"a/", "", 040755}, {"a/", "", 040755}}));
    expect_accepted(make_zip({{"a", "1"}, {"A", "2"}}));
}

TEST_F(ZipArchive, RefusesLinksThatLeaveThePackage) {
    for (auto const* target :
         {"/etc/passwd", "..", "../x", "a/../../x", "missing/../../x", "link", "", "link/.."}) {
        SCOPED_TRACE(target);
        expect_refused(make_zip({{"link", target, 0120777}}));
    }
    expect_refused(make_zip({{"link", std::string("a\0b", 3), 0120777}}));
    // Lexically inside, really outside: up is the root, so up/.. is not.
    expect_refused(make_zip({{"d/e/up", "../..", 0120777}, {"evil", "d/e/up/../x", 0120777}}));
    expect_refused(make_zip({{"one", "two/..", 0120777}, {"two", "one", 0120777}}));
    expect_refused(make_zip({{"dir", "elsewhere", 0120777}, {"dir/file", "x"}}));
    expect_refused(make_zip({{"dir/file", "x"}, {"dir", "elsewhere", 0120777}}));
    // A link into the package may dangle, and may go up below its own directory.
    expect_accepted(make_zip({{"a/b/link", "../../c/nothing", 0120777}, {"root", ".", 0120777}}));
}

TEST_F(ZipArchive, RefusesDevicesAndEncryptedFiles) {
    for (auto const type : {0010644u, 0020644u, 0060644u, 0140644u}) {
        SCOPED_TRACE(type);
        expect_refused(make_zip({{"x", "", type}}));
    }
    expect_refused(make_zip({{.name = "secret", .content = std::string(20, 'x'), .flags = 1}}));
    expect_refused(make_zip({{.name = "bzip2", .content = "x", .method = 12}}));
}

TEST_F(ZipArchive, RefusesWrongChecksumsAndSizes) {
    expect_refused(make_zip({{.name = "a", .content = "content", .declared_crc = 1}}));
    expect_refused(make_zip({{.name = "a", .content = "content", .declared_size = 8}}));
    auto flipped = make_zip({{"a", "content"}});
    flipped[flipped.find("content")] ^= 1;
    expect_refused(flipped);
}

TEST_F(ZipArchive, RefusesTooMuchAsDeclared) {
    auto const message = "Unzipped size must be smaller than 262144000 bytes";
    expect_refused(make_zip({{.name = "a", .content = "x", .declared_size = 262'144'000}}),
                   message);
    expect_refused(make_zip({{.name = "a", .content = "x", .declared_size = 0xfffffffe},
                             {.name = "b", .content = "x", .declared_size = 0xfffffffe}}),
                   message);
    ZipLimits const limits{.unzipped_bytes = 10};
    expect_accepted(make_zip({{"a", "12345"}, {"b", "1234"}}), limits);
    expect_refused(make_zip({{"a", "12345"}, {"b", "12345"}}),
                   "Unzipped size must be smaller than 10 bytes", limits);
}

TEST_F(ZipArchive, RefusesTooMuchWhateverIsDeclared) {
    // The headers of a bomb say one byte.
    auto zip = deflated_zeros(1'000'000);
    auto const lie = [&](std::size_t header, std::size_t size_at) {
        ASSERT_NE(header, std::string::npos);
        zip.replace(header + size_at, 4, std::string("\1\0\0\0", 4));
    };
    lie(zip.find("PK\1\2"), 24);
    lie(zip.find("PK\3\4"), 22);
    expect_refused(zip, "Unzipped size must be smaller than 100000 bytes",
                   {.unzipped_bytes = 100'000});
    expect_refused(zip);  // small enough, but a lie
}

TEST_F(ZipArchive, RefusesTooManyEntries) {
    std::vector<ZipMember> members;
    for (int i = 0; i < 11; ++i) members.push_back({fmt::format("f{}", i)});
    expect_refused(make_zip(members), kBadZipMessage, {.entries = 10});
    members.pop_back();
    expect_accepted(make_zip(members), {.entries = 10});
    // Directories that nobody lists count, too.
    expect_refused(make_zip({{"1/2/3/4/5/6/7/8/9/10/f"}}), kBadZipMessage, {.entries = 10});
}

TEST(PackageTree, GivesUpOnLinksThatTakeForEver) {
    std::string detours;
    for (int i = 0; i < 600; ++i) detours += "d/../";
    PackageTree few(10);
    ASSERT_TRUE(few.add({"link"}, PackageTree::Kind::kLink, detours + "x"));
    EXPECT_TRUE(few.links_stay_inside());
    PackageTree many(10'000);
    for (int i = 0; i < 1'000; ++i) {
        ASSERT_TRUE(many.add({fmt::format("link{}", i)}, PackageTree::Kind::kLink, detours + "x"));
    }
    EXPECT_FALSE(many.links_stay_inside());
}

TEST(PackageTree, FollowsNoMoreLinksThanLinuxDoes) {
    for (int const links : {40, 41}) {
        PackageTree tree(100);
        for (int i = 0; i < links; ++i) {
            ASSERT_TRUE(tree.add({fmt::format("l{}", i)}, PackageTree::Kind::kLink,
                                 fmt::format("l{}", i + 1)));
        }
        EXPECT_EQ(tree.links_stay_inside(), links == 40);
    }
}

}  // namespace
}  // namespace meridian::store
