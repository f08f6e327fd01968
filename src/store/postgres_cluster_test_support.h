#pragma once
// A PostgreSQL server of a test's own: its files in a temporary directory, a Unix socket, no TCP
// port. As root it runs as nobody, since PostgreSQL refuses root. It ends with the test's process,
// however that ends.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/postgres_connection.h"
#include "store/store_test_support.h"

extern char** environ;

namespace meridian::store {

class PostgresCluster {
  public:
    // What most tests share; started when it is first asked for.
    static PostgresCluster& shared() {
        static PostgresCluster cluster;
        return cluster;
    }

    PostgresCluster() {
        if (is_root() && ::chown(directory_.path().c_str(), kNobody, kNobody) != 0) std::abort();
        pid_t const made = spawn({program("initdb"), "--pgdata", data(), "--username", "meridian",
                                  "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8",
                                  "--no-sync", "--no-instructions"});
        int status = 0;
        if (::waitpid(made, &status, 0) != made || status != 0) {
            fmt::print(stderr, "initdb failed; is Debian's package postgresql installed?\n");
            std::abort();
        }
        start();
    }
    ~PostgresCluster() { stop(SIGQUIT); }
    PostgresCluster(PostgresCluster const&) = delete;
    PostgresCluster& operator=(PostgresCluster const&) = delete;

    [[nodiscard]] std::string url() const {
        return fmt::format("postgres:///postgres?host={}&user=meridian",
                           directory_.path().string());
    }
    // A name that no other test of this process has.
    [[nodiscard]] std::string fresh_schema() { return fmt::format("meridian_test-{}", ++schemas_); }

    // Until it answers. After a crash the old server's children may still hold its memory.
    void start() {
        for (int tries = 0; tries < kTriesMax; ++tries) {
            if (server_ < 0) {
                server_ = spawn({program("postgres"), "-D", data(), "-k",
                                 directory_.path().string(), "-c", "listen_addresses=", "-c",
                                 "shared_buffers=16MB", "-c", "max_connections=40"});
            }
            if (PostgresConnection::open(url(), "public")) return;
            int status = 0;
            if (::waitpid(server_, &status, WNOHANG) == server_) server_ = -1;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        fmt::print(stderr, "PostgreSQL does not start\n");
        std::abort();
    }
    void stop(int signal) {
        if (server_ < 0) return;
        ::kill(server_, signal);
        int status = 0;
        ::waitpid(server_, &status, 0);
        server_ = -1;
    }

  private:
    static constexpr uid_t kNobody = 65'534;
    static constexpr int kTriesMax = 1'500;

    static bool is_root() { return ::geteuid() == 0; }
    [[nodiscard]] std::string data() const { return (directory_.path() / "data").string(); }

    // Debian keeps the server's programs out of PATH, a folder a version.
    static std::string program(std::string const& name) {
        std::vector<std::filesystem::path> found;
        std::error_code error;
        for (auto const& version :
             std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
            auto const path = version.path() / "bin" / name;
            if (std::filesystem::exists(path)) found.push_back(path);
        }
        if (found.empty()) return name;
        return std::ranges::max(found).string();
    }

    // setpriv (util-linux) gives up root, and has the kernel end the program with this process.
    static pid_t spawn(std::vector<std::string> command) {
        std::vector<std::string> words{"setpriv", "--pdeathsig", "QUIT"};
        if (is_root()) {
            auto const nobody = std::to_string(kNobody);
            words.insert(words.end(), {"--reuid", nobody, "--regid", nobody, "--clear-groups"});
        }
        words.insert(words.end(), command.begin(), command.end());
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addchdir_np(&actions, "/");
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        if (!std::getenv("MERIDIAN_TEST_VERBOSE"))
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        pid_t child = -1;
        int const error =
            ::posix_spawnp(&child, "setpriv", &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        EXPECT_EQ(error, 0);
        return error == 0 ? child : -1;
    }

    TemporaryDirectory directory_;
    pid_t server_ = -1;
    int schemas_ = 0;
};

}  // namespace meridian::store
