// meridian-jailer as a process: whom it starts, what it passes on, and that nothing is left of its
// sandboxes however it or meridiand ends. Runs it as root where this is root, and always as an
// ordinary user.

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string slurp(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Waits up to five seconds.
template <typename Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 500; ++i) {
        if (condition()) return true;
        ::usleep(10'000);
    }
    return condition();
}

// Dead, or a zombie that its parent has not fetched.
bool is_gone(pid_t process) {
    auto const stat = slurp("/proc/" + std::to_string(process) + "/stat");
    auto const after_name = stat.rfind(')');
    return after_name == std::string::npos || stat[after_name + 2] == 'Z' ||
           stat[after_name + 2] == 'X';
}

std::vector<pid_t> children_of(pid_t process) {
    std::istringstream in(slurp("/proc/" + std::to_string(process) + "/task/" +
                                std::to_string(process) + "/children"));
    return {std::istream_iterator<pid_t>(in), {}};
}

std::vector<pid_t> descendants_of(pid_t process) {
    std::vector<pid_t> all;
    for (pid_t const child : children_of(process)) {
        all.push_back(child);
        auto const below = descendants_of(child);
        all.insert(all.end(), below.begin(), below.end());
    }
    return all;
}

// What is left of a jailer's control groups, in any hierarchy.
std::vector<std::string> groups_of(pid_t jailer) {
    std::vector<std::string> found;
    std::string const name = "meridian-jailer-" + std::to_string(jailer);
    std::error_code ignored;
    fs::recursive_directory_iterator entry("/sys/fs/cgroup",
                                           fs::directory_options::skip_permission_denied, ignored);
    // Groups of other programs may vanish while this looks: that ends their branch, not the look.
    for (; entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
        if (entry->path().filename() == name) found.push_back(entry->path());
    }
    return found;
}

enum class Mode { kRoot, kRootless };

class JailerProcess : public testing::TestWithParam<Mode> {
  protected:
    void SetUp() override {
        if (GetParam() == Mode::kRoot && ::geteuid() != 0) GTEST_SKIP() << "needs root";
        auto const here = fs::read_symlink("/proc/self/exe").parent_path();
        std::string pattern = "/tmp/meridian-jailer-test.XXXXXX";
        work_ = ::mkdtemp(pattern.data());
        fs::create_directory(work_ / "task");
        fs::copy_file(here / "meridian-attacker", work_ / "task/bootstrap");
        // Copies: the build tree may lie where an ordinary user has no way to.
        for (char const* const name : {"meridian-jailer", "meridian-jailer-peer"}) {
            fs::copy_file(here / name, work_ / name);
        }
        for (auto const& directory : {work_, work_ / "task"}) {
            fs::permissions(directory, static_cast<fs::perms>(0755));
        }
    }
    void TearDown() override {
        if (jailer_ > 0) {
            ::kill(jailer_, SIGKILL);
            ::waitpid(jailer_, nullptr, 0);
        }
        if (!work_.empty()) fs::remove_all(work_);
    }

    void start(std::vector<std::string> options, std::vector<std::string> command) {
        std::array<int, 2> out{};
        std::array<int, 2> in{};
        ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
        ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
        std::vector<std::string> words{work_ / "meridian-jailer"};
        words.insert(words.end(), options.begin(), options.end());
        if (GetParam() == Mode::kRoot) words.insert(words.end(), {"--user", "65534:65534"});
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        jailer_ = ::fork();
        if (jailer_ == 0) {
            ::dup2(in[0], 0);
            ::dup2(out[1], 1);
            ::setenv("MERIDIAN_TEST_TASK", (work_ / "task").c_str(), 1);
            if (GetParam() == Mode::kRootless && ::geteuid() == 0) {
                if (::setregid(65534, 65534) != 0 || ::setreuid(65534, 65534) != 0) ::_exit(99);
            }
            ::execv(argv[0], argv.data());
            ::_exit(98);
        }
        ::close(out[1]);
        ::close(in[0]);
        output_ = out[0];
        input_ = in[1];
    }
    void start_peer(std::vector<std::string> arguments, std::vector<std::string> options = {}) {
        arguments.insert(arguments.begin(), work_ / "meridian-jailer-peer");
        start(std::move(options), std::move(arguments));
    }
    std::string read_output(std::size_t bytes = SIZE_MAX) {
        std::string text;
        std::array<char, 4096> buffer;
        pollfd wait{.fd = output_, .events = POLLIN, .revents = 0};
        while (text.size() < bytes && ::poll(&wait, 1, 20'000) > 0) {
            auto const got = ::read(output_, buffer.data(), buffer.size());
            if (got <= 0) break;
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return text;
    }
    int wait_for_jailer() {
        int status = -1;
        EXPECT_EQ(::waitpid(jailer_, &status, 0), jailer_);
        ended_ = std::exchange(jailer_, -1);
        return status;
    }
    static void expect_gone(std::vector<pid_t> const& processes) {
        for (pid_t const process : processes) {
            EXPECT_TRUE(eventually([&] { return is_gone(process); })) << "process " << process;
        }
    }

    fs::path work_;
    pid_t jailer_ = -1;
    pid_t ended_ = -1;
    int output_ = -1;
    int input_ = -1;
};

TEST_P(JailerProcess, PassesTheExitStatusOn) {
    start({}, {"/bin/sh", "-c", "exit 42"});
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 42);
    start({}, {"/bin/sh", "-c", "kill -SEGV $$"});
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 128 + SIGSEGV);
}

TEST_P(JailerProcess, SaysWhatItCannotExecute) {
    start({}, {"/nonexistent"});
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 125);
}

TEST_P(JailerProcess, StartsAnOrdinaryProcessWithoutPrivileges) {
    start({}, {"/bin/sh", "-c",
               "grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status | tr '\\t' ' '; ls "
               "/proc/self/fd"});
    auto const text = read_output();
    for (char const* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        EXPECT_NE(text.find(std::string(set) + ": 0000000000000000"), std::string::npos) << text;
    }
    EXPECT_NE(text.find("NoNewPrivs: 1"), std::string::npos) << text;
    EXPECT_EQ(text.find("Uid: 0"), std::string::npos) << text;
    wait_for_jailer();
}

TEST_P(JailerProcess, BindsADirectoryWhereOthersCanReachIt) {
    auto const hidden = work_ / "hidden";
    fs::create_directories(hidden / "data");
    std::ofstream(hidden / "data/file") << "found";
    fs::permissions(hidden, static_cast<fs::perms>(0700));
    auto const target = work_ / "reachable";
    fs::create_directory(target);
    if (GetParam() == Mode::kRootless && ::geteuid() == 0) {
        ASSERT_EQ(::chown(hidden.c_str(), 65534, 65534), 0);
    }
    start({"--bind", (hidden / "data").string() + "=" + target.string()},
          {"/bin/cat", target / "file"});
    EXPECT_EQ(read_output(), "found");
    wait_for_jailer();
    EXPECT_TRUE(fs::is_empty(target)) << "the bind shows on the host";
}

TEST_P(JailerProcess, ForwardsSigtermAndLeavesNothing) {
    start_peer({"hold", "5"});
    ASSERT_EQ(read_output(6), "ready\n");
    auto const processes = descendants_of(jailer_);
    EXPECT_GE(processes.size(), 11U);  // the peer, five inits, five runtimes
    ::kill(jailer_, SIGTERM);
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 7);
    expect_gone(processes);
    EXPECT_TRUE(groups_of(ended_).empty());
}

TEST_P(JailerProcess, LeavesNothingWhenMeridiandCrashes) {
    start_peer({"crash", "5"});
    ASSERT_EQ(read_output(6), "ready\n");
    auto const processes = descendants_of(jailer_);
    ::close(input_);
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 128 + SIGABRT);
    expect_gone(processes);
    EXPECT_TRUE(groups_of(ended_).empty());
}

TEST_P(JailerProcess, KilledItselfLeavesNoProcessAndTheNextOneCleansUp) {
    start_peer({"hold", "5"});
    ASSERT_EQ(read_output(6), "ready\n");
    auto const processes = descendants_of(jailer_);
    ::kill(jailer_, SIGKILL);
    EXPECT_EQ(WTERMSIG(wait_for_jailer()), SIGKILL);
    expect_gone(processes);
    auto const killed = ended_;
    if (GetParam() == Mode::kRoot)
        EXPECT_FALSE(groups_of(killed).empty()) << "the test tests nothing";
    start({}, {"/bin/true"});
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 0);
    EXPECT_TRUE(groups_of(killed).empty());
}

TEST_P(JailerProcess, AFrozenSandboxDiesWithAKilledJailer) {
    start_peer({"hold", "1"});
    ASSERT_EQ(read_output(6), "ready\n");
    auto const processes = descendants_of(jailer_);
    auto const groups = groups_of(jailer_);
    for (auto const& group : groups) {
        for (auto const& entry : fs::directory_iterator(group)) {
            if (fs::exists(entry.path() / "cgroup.freeze")) {
                std::ofstream(entry.path() / "cgroup.freeze") << "1" << std::flush;
            }
        }
    }
    ::kill(jailer_, SIGKILL);
    wait_for_jailer();
    expect_gone(processes);
    start({}, {"/bin/true"});
    wait_for_jailer();
}

TEST_P(JailerProcess, HangsUpOnGarbage) {
    start_peer({"garbage"});
    EXPECT_EQ(read_output(6), "ready\n");
    ::kill(jailer_, SIGTERM);
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 7);
}

TEST_P(JailerProcess, RefusesBeyondItsSlotsAndReusesThem) {
    start_peer({"slots"}, {"--slots", "10", "--pool", "3"});
    auto const text = read_output();
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 0) << text;
}

TEST_P(JailerProcess, RefusesAnOptionItDoesNotKnow) {
    start({"--frobnicate", "1"}, {"/bin/true"});
    EXPECT_EQ(WEXITSTATUS(wait_for_jailer()), 2);
}

std::string name_of(testing::TestParamInfo<Mode> const& info) {
    return info.param == Mode::kRoot ? "Root" : "Rootless";
}
INSTANTIATE_TEST_SUITE_P(All, JailerProcess, testing::Values(Mode::kRoot, Mode::kRootless),
                         name_of);

}  // namespace
