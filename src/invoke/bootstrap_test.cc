#include "invoke/bootstrap.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace meridian::invoke {
namespace {

namespace fs = std::filesystem;

class BootstrapTest : public testing::Test {
  protected:
    BootstrapTest() {
        std::string name = (fs::temp_directory_path() / "meridian-bootstrap-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        fs::create_directories(task());
        fs::create_directories(opt());
    }
    ~BootstrapTest() override { fs::remove_all(root_); }

    [[nodiscard]] fs::path task() const { return root_ / "task"; }
    [[nodiscard]] fs::path opt() const { return root_ / "opt"; }
    static void make(fs::path const& path, fs::perms mode) {
        std::ofstream(path) << "#!";
        fs::permissions(path, mode);
    }
    [[nodiscard]] std::string find() const {
        auto const open = [](fs::path const& path) {
            return io::UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        };
        std::vector<sandbox::Mount> mounts;
        mounts.push_back({open(task()), "/var/task"});
        mounts.push_back({open(opt()), "/opt"});
        return find_bootstrap({"/var/task/bootstrap", "/opt/bootstrap"}, mounts);
    }

    fs::path root_;
};

constexpr auto kExecutable = fs::perms(0755);

TEST_F(BootstrapTest, IsTheCodesThenTheLayers) {
    EXPECT_EQ(find(), "");
    make(opt() / "bootstrap", kExecutable);
    EXPECT_EQ(find(), "/opt/bootstrap");
    make(task() / "bootstrap", fs::perms(0644));
    EXPECT_EQ(find(), "/opt/bootstrap") << "what cannot be executed does not count";
    fs::permissions(task() / "bootstrap", kExecutable);
    EXPECT_EQ(find(), "/var/task/bootstrap");
}

TEST_F(BootstrapTest, MayBeALinkThatStaysInside) {
    make(opt() / "real", kExecutable);
    fs::create_symlink("real", opt() / "bootstrap");
    EXPECT_EQ(find(), "/opt/bootstrap");
    make(root_ / "outside", kExecutable);
    fs::remove(opt() / "bootstrap");
    fs::create_symlink("../outside", opt() / "bootstrap");
    EXPECT_EQ(find(), "");
    fs::create_directory(task() / "bootstrap");
    EXPECT_EQ(find(), "") << "a directory";
}

}  // namespace
}  // namespace meridian::invoke
