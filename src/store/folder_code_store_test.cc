#include "store/folder_code_store.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/random.h"
#include "crypto/sha256.h"
#include "store/code_folder.h"
#include "store/memory_store.h"
#include "store/store_test_support.h"
#include "store/zip_archive.h"
#include "store/zip_test_support.h"

namespace meridian::store {
namespace {

namespace fs = std::filesystem;

class FolderCodeStoreTest : public testing::Test {
  protected:
    void SetUp() override { reopen(); }
    void reopen() {
        store_.reset();
        auto opened = FolderCodeStore::open(root(), small_, pool_, clock_, log_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    model::CodeSha256 put(std::string const& zip) {
        auto const stored = wait_for(store_->put(zip));
        EXPECT_TRUE(stored) << stored.error().message;
        return stored.value().sha256;
    }
    fs::path root() const { return directory_.path() / "code"; }
    fs::path zip_path(std::string const& zip) const {
        return root() / "zips" / (crypto::sha256_hex(zip) + ".zip");
    }
    fs::path unpacked_path(std::string const& zip) const {
        return root() / "unpacked" / crypto::sha256_hex(zip);
    }
    static std::set<std::string> names(fs::path const& directory) {
        std::set<std::string> found;
        for (auto const& entry : fs::directory_iterator(directory))
            found.insert(entry.path().filename());
        return found;
    }
    static std::string read_at(io::UniqueFd const& directory, char const* name) {
        io::UniqueFd const file(::openat(directory.get(), name, O_RDONLY));
        char buffer[100];
        auto const count = ::read(file.get(), buffer, sizeof buffer);
        return count < 0 ? "(none)" : std::string(buffer, static_cast<std::size_t>(count));
    }
    static void make_old(fs::path const& path) {
        fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(2));
    }
    static void flip_a_byte(fs::path const& path) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(40);
        char const byte = static_cast<char>(file.get());
        file.seekp(40);
        file.put(static_cast<char>(byte ^ 0x40));
    }

    TemporaryDirectory directory_;
    NullLog log_;
    // Files have the kernel's times all the same.
    ManualClock clock_;
    io::BlockingPool pool_{{.threads = 2}};
    MemoryStore small_{clock_};
    std::unique_ptr<FolderCodeStore> store_;
    std::string const zip_ = make_zip({{"index.py", "print(1)"}, {"bin/run", "#!", 0100755}});
};

TEST_F(FolderCodeStoreTest, GivesBackWhatWasStored) {
    auto const stored = wait_for(store_->put(zip_));
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->sha256.value(), crypto::sha256_base64(zip_));
    EXPECT_EQ(stored->size_bytes, zip_.size());
    EXPECT_EQ(wait_for(store_->get(stored->sha256)), zip_);
    put(zip_);
    EXPECT_EQ(names(root() / "zips"), std::set<std::string>{crypto::sha256_hex(zip_) + ".zip"})
        << "one copy";
    reopen();
    EXPECT_EQ(wait_for(store_->get(stored->sha256)), zip_);
}

TEST_F(FolderCodeStoreTest, KnowsNothingOfOthers) {
    for (auto const& sha256 :
         {crypto::sha256_base64("other"), std::string("../../etc"), std::string()}) {
        EXPECT_EQ(wait_for(store_->get(model::CodeSha256(sha256))).error().code,
                  Errc::kResourceNotFound);
        EXPECT_EQ(wait_for(store_->open_unpacked(model::CodeSha256(sha256))).error().code,
                  Errc::kResourceNotFound);
    }
    EXPECT_EQ(names(root() / "unpacked"), std::set<std::string>{".boot"});
}

TEST_F(FolderCodeStoreTest, RefusesWhatIsNoPackage) {
    auto const bad = wait_for(store_->put("not a zip")).error();
    EXPECT_EQ(bad.code, Errc::kInvalidParameterValue);
    EXPECT_EQ(bad.message, kBadZipMessage);
    // NOLINTNEXTLINE(bugprone-string-constructor): as large as it is.
    auto const big = wait_for(store_->put(std::string(52'428'800, 'x'))).error();
    EXPECT_EQ(big.code, Errc::kRequestTooLarge);
    EXPECT_EQ(big.message, "Zipped size must be smaller than 52428800 bytes");
    EXPECT_TRUE(names(root() / "zips").empty());
}

TEST_F(FolderCodeStoreTest, UnpacksForOtherUsers) {
    auto const sha256 = put(zip_);
    mode_t const before = ::umask(0077);
    auto const directory = wait_for(store_->open_unpacked(sha256));
    ::umask(before);
    ASSERT_TRUE(directory) << directory.error().message;
    EXPECT_EQ(read_at(*directory, "index.py"), "print(1)");
    struct stat info{};
    ASSERT_EQ(::fstat(directory->get(), &info), 0);
    EXPECT_EQ(info.st_mode, 040755u);
    ASSERT_EQ(::fstatat(directory->get(), "bin/run", &info, 0), 0);
    EXPECT_EQ(info.st_mode, 0100755u);
    EXPECT_NE(::fcntl(directory->get(), F_GETFL) & O_PATH, 0);
    EXPECT_NE(::fcntl(directory->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(names(root() / "unpacked"),
              (std::set<std::string>{".boot", crypto::sha256_hex(zip_)}));
}

TEST_F(FolderCodeStoreTest, AHotCallTouchesNoFile) {
    auto const sha256 = put(zip_);
    auto const first = wait_for(store_->open_unpacked(sha256));
    // Without its name it can only come from memory; nothing else refers to it any more.
    fs::rename(unpacked_path(zip_), root() / "hidden");
    auto const second = wait_for(store_->open_unpacked(sha256));
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->get(), second->get()) << "each caller owns its own";
    EXPECT_EQ(read_at(*second, "index.py"), "print(1)");
    EXPECT_FALSE(fs::exists(unpacked_path(zip_)));
}

TEST_F(FolderCodeStoreTest, HoldsABoundedNumberOfDirectoriesOpen) {
    auto const open_files = [] {
        auto const fds = fs::directory_iterator("/proc/self/fd");
        return static_cast<std::size_t>(std::distance(fs::begin(fds), fs::end(fds)));
    };
    auto const before = open_files();
    for (std::size_t i = 0; i < kOpenPackagesMax + 20; ++i) {
        auto const sha256 = put(make_zip({{"n", std::to_string(i)}}));
        ASSERT_EQ(read_at(wait_for(store_->open_unpacked(sha256)).value(), "n"), std::to_string(i));
    }
    EXPECT_LE(open_files(), before + kOpenPackagesMax + 2);
    EXPECT_GE(open_files(), before + kOpenPackagesMax - 2);
}

TEST_F(FolderCodeStoreTest, MakesReadyAheadWhatTakesLong) {
    std::string bytes(kUnpackAheadBytesMin, '\0');
    SeededRandom random(1);  // does not compress
    random.fill(std::as_writable_bytes(std::span(bytes)));
    auto const large = make_zip({{"data", bytes}});
    for (auto const& zip : {zip_, large}) {
        EXPECT_TRUE(wait_for(store_->make_ready(put(zip))));
        EXPECT_EQ(fs::exists(unpacked_path(zip)), zip == large);
    }
    model::CodeSha256 const other(crypto::sha256_base64("x"));
    EXPECT_EQ(wait_for(store_->make_ready(other)).error().code, Errc::kResourceNotFound);
}

TEST_F(FolderCodeStoreTest, ManyAtOnceUnpackOnce) {
    auto const sha256 = put(zip_);
    auto& context = test_context();
    std::set<ino_t> inodes;
    int done = 0;
    for (int i = 0; i < 64; ++i) {
        asio::co_spawn(context, store_->open_unpacked(sha256),
                       [&](std::exception_ptr e, Result<io::UniqueFd> directory) {
                           EXPECT_FALSE(e);
                           ASSERT_TRUE(directory) << directory.error().message;
                           struct stat info{};
                           ASSERT_EQ(::fstat(directory->get(), &info), 0);
                           inodes.insert(info.st_ino);
                           ++done;
                       });
    }
    context.run();
    EXPECT_EQ(done, 64);
    EXPECT_EQ(inodes.size(), 1u);
    EXPECT_EQ(names(root() / "unpacked").size(), 2u) << "and .boot";
}

TEST_F(FolderCodeStoreTest, ManyAtOnceAllHearOfAFailure) {
    auto const sha256 = put(zip_);
    fs::remove(zip_path(zip_));
    auto& context = test_context();
    int failures = 0;
    for (int i = 0; i < 8; ++i) {
        asio::co_spawn(context, store_->open_unpacked(sha256),
                       [&](std::exception_ptr, Result<io::UniqueFd> directory) {
                           EXPECT_EQ(directory.error().code, Errc::kResourceNotFound);
                           ++failures;
                       });
    }
    context.run();
    EXPECT_EQ(failures, 8);
    put(zip_);
    EXPECT_TRUE(wait_for(store_->open_unpacked(sha256))) << "the next one tries again";
}

TEST_F(FolderCodeStoreTest, MergesPackagesInOrder) {
    auto const first = put(make_zip({{"same", "1"},
                                     {"only1", "1"},
                                     {"dir/a", "1"},
                                     {"becomes_dir", "1"},
                                     {"becomes_file/deep/x", "1"},
                                     {"link", "only1", 0120777},
                                     {"dirlink", "dir", 0120777}}));
    auto const second = put(make_zip({{"same", "2"},
                                      {"only2", "2"},
                                      {"dir/b", "2"},
                                      {"becomes_dir/x", "2"},
                                      {"becomes_file", "2"},
                                      {"link", "2"},
                                      {"dirlink/y", "2"}}));
    auto const merged = wait_for(store_->open_merged({first, second}));
    ASSERT_TRUE(merged) << merged.error().message;
    for (auto const& [name, content] : std::map<char const*, char const*>{{"same", "2"},
                                                                          {"only1", "1"},
                                                                          {"only2", "2"},
                                                                          {"dir/a", "1"},
                                                                          {"dir/b", "2"},
                                                                          {"dir/y", "(none)"},
                                                                          {"becomes_dir/x", "2"},
                                                                          {"becomes_file", "2"},
                                                                          {"link", "2"},
                                                                          {"dirlink/y", "2"}}) {
        EXPECT_EQ(read_at(*merged, name), content) << name;
    }
    auto const reversed = wait_for(store_->open_merged({second, first}));
    ASSERT_TRUE(reversed);
    EXPECT_EQ(read_at(*reversed, "same"), "1");
    EXPECT_EQ(read_at(*reversed, "becomes_file/deep/x"), "1");
    auto const alone = wait_for(store_->open_merged({first}));
    ASSERT_TRUE(alone);
    EXPECT_EQ(read_at(*alone, "same"), "1");
    auto const unknown = model::CodeSha256(crypto::sha256_base64("none"));
    EXPECT_EQ(wait_for(store_->open_merged({first, unknown})).error().code,
              Errc::kResourceNotFound);
}

TEST_F(FolderCodeStoreTest, AMergedDirectoryStaysWhileItIsNamed) {
    auto const first = put(make_zip({{"a", "1"}}));
    auto const second = put(make_zip({{"b", "2"}}));
    std::vector const both{first, second};
    ASSERT_TRUE(wait_for(store_->open_merged(both)));
    reopen();  // nothing is held open
    auto const unpacked = root() / "unpacked";
    auto const age_all = [&] {
        for (auto const& entry : fs::directory_iterator(unpacked)) make_old(entry.path());
    };
    auto const before = names(unpacked);
    age_all();
    ASSERT_TRUE(wait_for(store_->remove_unused({first, second, merged_name(both)})));
    EXPECT_EQ(names(unpacked), before);
    age_all();
    ASSERT_TRUE(wait_for(store_->remove_unused({first, second})));
    EXPECT_EQ(names(unpacked), std::set<std::string>{".boot"});
    EXPECT_TRUE(wait_for(store_->open_merged(both))) << "made again from the zips";
}

TEST_F(FolderCodeStoreTest, KnowsHowLargeAPackageUnpacks) {
    auto const sha256 = put(make_zip({{"a", "12345"}, {"d/", "", 0040755}, {"d/b", "123"}}));
    EXPECT_EQ(wait_for(store_->unzipped_bytes(sha256)), 8u);
}

TEST_F(FolderCodeStoreTest, NoticesAFlippedByte) {
    auto const sha256 = put(zip_);
    flip_a_byte(zip_path(zip_));
    for (auto const& error :
         {wait_for(store_->get(sha256)).error(), wait_for(store_->open_unpacked(sha256)).error()}) {
        EXPECT_EQ(error.code, Errc::kCorrupt);
        EXPECT_NE(error.message.find(zip_path(zip_).string()), std::string::npos) << error.message;
    }
    EXPECT_FALSE(fs::exists(unpacked_path(zip_)));
    // The same upload heals it.
    put(zip_);
    EXPECT_EQ(wait_for(store_->get(sha256)), zip_);
    EXPECT_TRUE(wait_for(store_->open_unpacked(sha256)));
}

TEST_F(FolderCodeStoreTest, NoticesATruncatedZip) {
    auto const sha256 = put(zip_);
    fs::resize_file(zip_path(zip_), zip_.size() / 2);
    EXPECT_EQ(wait_for(store_->get(sha256)).error().code, Errc::kCorrupt);
}

TEST_F(FolderCodeStoreTest, SaysWhenAStoredZipCannotBeUsed) {
    // Its hash is right, but an earlier version was less strict.
    auto const zip = make_zip({{"../x", "x"}});
    std::ofstream(zip_path(zip), std::ios::binary) << zip;
    auto const error =
        wait_for(store_->open_unpacked(model::CodeSha256(crypto::sha256_base64(zip)))).error();
    EXPECT_EQ(error.code, Errc::kInvalidZipFile);
    EXPECT_EQ(names(root() / "unpacked"), std::set<std::string>{".boot"})
        << "nothing half done stays";
}

TEST_F(FolderCodeStoreTest, RemovesWhatACrashLeft) {
    auto const sha256 = put(zip_);
    ASSERT_TRUE(wait_for(store_->open_unpacked(sha256)));
    std::ofstream(root() / "zips" / ".new-7") << "half";
    fs::create_directories(root() / "unpacked" / ".new-8" / "half");
    fs::create_directories(root() / "removing-3" / "old");
    reopen();
    EXPECT_EQ(names(root() / "zips"), std::set<std::string>{crypto::sha256_hex(zip_) + ".zip"});
    EXPECT_EQ(names(root() / "unpacked"),
              (std::set<std::string>{".boot", crypto::sha256_hex(zip_)}))
        << "what was whole stays";
    for (int i = 0; i < 1000 && fs::exists(root() / "removing-3"); ++i) ::usleep(1000);
    EXPECT_FALSE(fs::exists(root() / "removing-3"));
}

TEST_F(FolderCodeStoreTest, UnpacksAgainAfterABoot) {
    auto const sha256 = put(zip_);
    ASSERT_TRUE(wait_for(store_->open_unpacked(sha256)));
    // A power cut may leave files without their contents.
    fs::resize_file(unpacked_path(zip_) / "index.py", 0);
    std::ofstream(root() / "unpacked" / ".boot") << "another boot\n";
    reopen();
    EXPECT_EQ(read_at(wait_for(store_->open_unpacked(sha256)).value(), "index.py"), "print(1)");
}

TEST_F(FolderCodeStoreTest, RemovesWhatNobodyUses) {
    auto const other = make_zip({{"other", "x"}});
    auto const young = make_zip({{"young", "x"}});
    auto const sha256 = put(zip_);
    auto const other_sha256 = put(other);
    put(young);
    ASSERT_TRUE(wait_for(store_->open_unpacked(sha256)));
    ASSERT_TRUE(wait_for(store_->open_unpacked(other_sha256)));
    for (auto const& path :
         {zip_path(zip_), unpacked_path(zip_), zip_path(other), unpacked_path(other)})
        make_old(path);

    ASSERT_TRUE(wait_for(store_->remove_unused({sha256})));
    EXPECT_TRUE(fs::exists(unpacked_path(other))) << "it was opened a moment ago";
    reopen();
    ASSERT_TRUE(wait_for(store_->remove_unused({sha256})));
    EXPECT_TRUE(fs::exists(zip_path(zip_)));
    EXPECT_TRUE(fs::exists(unpacked_path(zip_)));
    EXPECT_TRUE(fs::exists(zip_path(young))) << "somebody may be about to name it";
    EXPECT_FALSE(fs::exists(zip_path(other)));
    EXPECT_FALSE(fs::exists(unpacked_path(other)));
    EXPECT_EQ(wait_for(store_->open_unpacked(other_sha256)).error().code, Errc::kResourceNotFound);
}

TEST_F(FolderCodeStoreTest, StoringAgainKeepsAnOldPackage) {
    put(zip_);
    make_old(zip_path(zip_));
    put(zip_);
    ASSERT_TRUE(wait_for(store_->remove_unused({})));
    EXPECT_TRUE(fs::exists(zip_path(zip_)));
}

// What a commit carries is a package like any other.
class CarriedPackages : public FolderCodeStoreTest {
  protected:
    AcceptedCode accept(std::string const& zip) {
        auto accepted = wait_for(store_->accept(zip));
        EXPECT_TRUE(accepted) << accepted.error().message;
        return std::move(accepted).value();
    }
    model::CodeSha256 carry(std::string const& zip, std::string bytes) {
        model::CodeSha256 sha256(crypto::sha256_base64(zip));
        EXPECT_TRUE(wait_for(small_.commit({.packages = {{sha256, std::move(bytes)}}})));
        return sha256;
    }
    model::CodeSha256 carry(std::string const& zip) { return carry(zip, zip); }
    static std::string bytes(std::size_t count) {
        std::string out(count, '\0');
        SeededRandom random(1);
        random.fill(std::as_writable_bytes(std::span(out)));
        return out;
    }
};

TEST_F(CarriedPackages, WhatIsSmallIsLeftToTheCommit) {
    auto const at_once = make_zip({{"a", "12345"}, {"d/b", "123"}});
    // Unpacked it is more than is checked on the caller's thread, but no more than is allowed.
    std::vector<ZipMember> files;
    for (int n = 0; n < 200; ++n) files.push_back({std::to_string(n), "x"});
    for (auto const& [zip, unzipped] : {std::pair(at_once, 8u), std::pair(make_zip(files), 200u)}) {
        auto const accepted = accept(zip);
        EXPECT_EQ(accepted.stored.sha256.value(), crypto::sha256_base64(zip));
        EXPECT_EQ(accepted.stored.size_bytes, zip.size());
        EXPECT_EQ(accepted.unzipped_bytes, unzipped);
        ASSERT_TRUE(accepted.carried);
        EXPECT_EQ(accepted.carried->sha256, accepted.stored.sha256);
        EXPECT_EQ(accepted.carried->zip_bytes, zip);
        EXPECT_EQ(wait_for(store_->get(accepted.stored.sha256)).error().code,
                  Errc::kResourceNotFound);
    }
    EXPECT_TRUE(names(root() / "zips").empty());
}

TEST_F(CarriedPackages, WhatIsLargeIsStored) {
    auto const zip = make_zip({{"data", bytes(kCarriedPackageBytesMax)}});
    auto const accepted = accept(zip);
    EXPECT_FALSE(accepted.carried);
    EXPECT_EQ(accepted.unzipped_bytes, kCarriedPackageBytesMax);
    EXPECT_EQ(wait_for(store_->get(accepted.stored.sha256)), zip);
    EXPECT_TRUE(fs::exists(zip_path(zip)));
}

TEST_F(CarriedPackages, WhatIsNoPackageIsRefused) {
    for (auto const& bad : {std::string("not a zip"), make_zip({{"../x", "x"}}),
                            make_zip({{"x", "x", 0100644, std::nullopt, 1}})}) {
        auto const refused = wait_for(store_->accept(bad)).error();
        EXPECT_EQ(refused.code, Errc::kInvalidParameterValue);
        EXPECT_EQ(refused.message, kBadZipMessage);
    }
    EXPECT_EQ(wait_for(store_->accept("")).error().message, kEmptyZipMessage);
}

TEST_F(CarriedPackages, AreReadUnpackedAndMerged) {
    auto const sha256 = carry(zip_);
    EXPECT_EQ(wait_for(store_->get(sha256)), zip_);
    EXPECT_EQ(wait_for(store_->unzipped_bytes(sha256)), 10u);
    EXPECT_TRUE(wait_for(store_->make_ready(sha256)));
    EXPECT_EQ(read_at(wait_for(store_->open_unpacked(sha256)).value(), "index.py"), "print(1)");
    auto const file = put(make_zip({{"index.py", "2"}, {"more", "3"}}));
    auto const merged = wait_for(store_->open_merged({sha256, file}));
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(read_at(*merged, "index.py"), "2");
    EXPECT_EQ(read_at(*merged, "more"), "3");
    EXPECT_EQ(read_at(*merged, "bin/run"), "#!");
    reopen();
    EXPECT_EQ(read_at(wait_for(store_->open_unpacked(sha256)).value(), "index.py"), "print(1)");
}

TEST_F(CarriedPackages, AreComparedWithTheirName) {
    auto rotten = zip_;
    rotten[40] ^= 0x40;
    auto const sha256 = carry(zip_, rotten);
    for (auto const& error :
         {wait_for(store_->get(sha256)).error(), wait_for(store_->open_unpacked(sha256)).error()}) {
        EXPECT_EQ(error.code, Errc::kCorrupt);
        EXPECT_NE(error.message.find(sha256.value()), std::string::npos) << error.message;
    }
    // A file of the same package is as good.
    put(zip_);
    EXPECT_EQ(wait_for(store_->get(sha256)), zip_);
    EXPECT_EQ(read_at(wait_for(store_->open_unpacked(sha256)).value(), "index.py"), "print(1)");
}

TEST_F(CarriedPackages, AreRemovedWhenNobodyUsesThem) {
    auto const used = carry(zip_);
    auto const unused = carry(make_zip({{"unused", "x"}}));
    auto const open = carry(make_zip({{"open", "x"}}));
    ASSERT_TRUE(wait_for(store_->remove_unused({used})));
    EXPECT_TRUE(wait_for(store_->get(unused))) << "somebody may be about to name it";
    clock_.advance(kUnusedPackageLifetime + std::chrono::seconds(1));
    ASSERT_TRUE(wait_for(store_->open_unpacked(open)));
    auto const young = carry(make_zip({{"young", "x"}}));
    ASSERT_TRUE(wait_for(store_->remove_unused({used})));
    EXPECT_TRUE(wait_for(store_->get(used)));
    EXPECT_TRUE(wait_for(store_->get(young)));
    EXPECT_TRUE(wait_for(store_->get(open))) << "it was opened a moment ago";
    EXPECT_EQ(wait_for(store_->get(unused)).error().code, Errc::kResourceNotFound);
}

TEST_F(CarriedPackages, AreRemovedHoweverManyTheyAre) {
    Transaction all;
    for (int n = 0; n < 2'001; ++n) {  // more than two transactions remove
        auto zip = std::to_string(n);
        all.packages.push_back({model::CodeSha256(crypto::sha256_base64(zip)), std::move(zip)});
    }
    ASSERT_TRUE(wait_for(small_.commit(std::move(all))));
    clock_.advance(kUnusedPackageLifetime + std::chrono::seconds(1));
    EXPECT_EQ(wait_for(small_.old_packages(clock_.wall_now())).value().size(), 2'001u);
    ASSERT_TRUE(wait_for(store_->remove_unused({})));
    EXPECT_TRUE(wait_for(small_.old_packages(clock_.wall_now())).value().empty());
}

}  // namespace
}  // namespace meridian::store
